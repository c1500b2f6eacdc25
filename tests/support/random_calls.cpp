#include "random_calls.h"

#include "lathe/lathe.h"

using namespace lathe;

namespace {

/// A kernel on lines (one dimension) or pictures (two), as its callers see it.
struct Callee {
    Kernel kernel;
    bool reads = false; ///< its first argument is an Input
    bool number = false;
};

class RandomCalls {
  public:
    explicit RandomCalls(std::mt19937& r) : random(r) {
        const Type types[] = {Int(8), Int(16), UInt(11), Fixed(12, 4), Int(40)};
        element = types[pick(5)];
    }

    Program make() {
        for (int n = 1 + pick(3); n > 0; --n)
            lines.push_back(line());
        for (int n = 1 + pick(2); n > 0; --n)
            pictures.push_back(picture());
        Param H("H"), W("W");
        Input x("x", element, {H, W});
        InOut y("y", element, {H, W});
        Kernel top("top", {x, y}, [&](KernelBody& b) {
            for (int n = 1 + pick(3); n > 0; --n)
                with_pictures(b, x, y, H, W);
        });
        return {build(top),
                {{{"H", 5}, {"W", 9}}, {{"H", 1}, {"W", 1}}, {{"H", 4}, {"W", 2}}, {{"H", 0}, {"W", 3}}}};
    }

  private:
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    std::string name(const char* of) { return of + std::to_string(++names); }

    Expr mixed(const Expr& a, const Expr& b) {
        switch (pick(5)) {
        case 0:
            return a + b;
        case 1:
            return a - b;
        case 2:
            return max(a, b);
        case 3:
            return select(a > b, a, b + 1);
        default:
            return a * 3 - b;
        }
    }

    /// What one element becomes: of its own value, a neighbour's, an input's and a number.
    void element_of(KernelBody& b, const InOut& to, const Input* from, const Param* by, const Param& N,
                    const Var& i) {
        Expr value = from ? Expr((*from)(pick(2) ? Expr(i) : N - 1 - i)) : Expr(to(i));
        if (by && pick(4)) value = mixed(value, *by);
        if (pick(3) == 0) value = mixed(value, to(N - 1 - i));
        if (pick(3) == 0) value = mixed(value, i);
        if (pick(4) == 0) b.if_(value > 25, [&] { b.break_(); });
        if (pick(3) == 0)
            to(i) += value;
        else
            to(i) = mixed(value, to(max(i - 1, 0)));
    }

    Callee line() {
        Param N("N"), by("by", Int(7));
        Input from("from", element, {N});
        InOut to("to", element, {N});
        Var i("i"), j("j");
        const bool reads = pick(2), number = pick(2);
        std::vector<KernelArgument> arguments;
        if (reads) arguments.emplace_back(from);
        arguments.emplace_back(to);
        if (number) arguments.emplace_back(by);
        Kernel k(name("line"), arguments, [&](KernelBody& b) {
            const Input* read = reads ? &from : nullptr;
            const Param* given = number ? &by : nullptr;
            if (pick(4) == 0) b.if_(N > 6, [&] { b.return_(); });
            b.for_(i, 0, N, [&] { element_of(b, to, read, given, N, i); });
            if (pick(3) == 0) b.for_(j, N - 1, -1, -1, [&] { element_of(b, to, read, given, N, j); });
            if (!lines.empty() && pick(3) == 0) half(b, lines[at(lines)], from, to, reads, N);
        });
        return {k, reads, number};
    }

    size_t at(const std::vector<Callee>& all) {
        return static_cast<size_t>(pick(static_cast<int>(all.size())));
    }

    /// The number that a kernel is given: a constant, or one from memory.
    CallArgument number(const Expr& memory) {
        return pick(2) ? CallArgument(pick(30) - 15) : CallArgument(memory);
    }

    /// Another line on a part of this one.
    void half(KernelBody& b, const Callee& c, const Input& from, const InOut& to, bool reads,
              const Param& N) {
        if (c.reads && !reads) return;
        const int step = 1 + pick(2);
        const Range part = pick(2) ? Range(0, (N + step - 1) / step, step) : Range(N / 2, N - N / 2);
        std::vector<CallArgument> given;
        if (c.reads) given.emplace_back(view(from, {part}));
        given.emplace_back(view(to, {part}));
        if (c.number) given.push_back(number(pick(9)));
        b.call(c.kernel, given);
    }

    /// A call of a line with a row or a column of pictures.
    void on_line(KernelBody& b, const Callee& c, const Input& x, const InOut& y, const Param& H,
                 const Param& W, const Expr& r) {
        const bool row = pick(3);
        const Param& length = row ? W : H;
        Range part(0, length);
        if (pick(3) == 0) part = Range(length / 3, length - length / 3);
        if (pick(4) == 0) part = Range(0, (length + 1) / 2, 2);
        const auto of = [&](const auto& t) {
            return row ? view(t, {r, part}) : view(t, {part, min(r, W - 1)});
        };
        const auto call = [&] {
            std::vector<CallArgument> given;
            if (c.reads) given.emplace_back(of(x));
            given.emplace_back(of(y));
            if (c.number) given.push_back(number(cast(Int(7), y(r, 0))));
            b.call(c.kernel, given);
        };
        // A column, and an element, are there only where the picture is not empty.
        b.if_(W > 0, call);
    }

    /// Loops over rows, which are given to lines.
    void on_rows(KernelBody& b, const Input& x, const InOut& y, const Param& H, const Param& W) {
        Var r(name("r"));
        b.for_(r, 0, H, [&] {
            on_line(b, lines[at(lines)], x, y, H, W, r);
            if (pick(3) == 0) on_line(b, lines[at(lines)], x, y, H, W, H - 1 - r);
            if (pick(3) == 0) b.for_(0, W, [&](Var c) { y(r, c) = mixed(y(r, c), x(r, c)); });
        });
    }

    Callee picture() {
        Param H("H"), W("W");
        Input from("from", element, {H, W});
        InOut to("to", element, {H, W});
        Kernel k(name("picture"), {from, to}, [&](KernelBody& b) {
            on_rows(b, from, to, H, W);
            if (pick(2)) through_array(b, from, to, H, W);
        });
        return {k, true, false};
    }

    /// Lines are worked on in an array of their own, which is passed whole.
    void through_array(KernelBody& b, const Input& x, const InOut& y, const Param& H, const Param& W) {
        const Callee& c = lines[at(lines)];
        Var r(name("r"));
        b.for_(r, 0, H, [&] {
            Array own = b.array(name("own"), element, {W}), other = b.array(name("other"), element, {W});
            b.for_(0, W, [&](Var i) { own(i) = x(r, i); });
            b.for_(0, W, [&](Var i) { other(i) = y(r, W - 1 - i); });
            std::vector<CallArgument> given;
            if (c.reads) given.emplace_back(other);
            given.emplace_back(own);
            if (c.number) given.push_back(number(r));
            b.call(c.kernel, given);
            b.for_(0, W, [&](Var i) { y(r, i) = mixed(own(i), y(r, i)); });
        });
    }

    /// Pictures on all of it, or on two parts of different sizes; rows, too.
    void with_pictures(KernelBody& b, const Input& x, const InOut& y, const Param& H, const Param& W) {
        const Callee& c = pictures[at(pictures)];
        switch (pick(4)) {
        case 0:
            return b.call(c.kernel, {x, y});
        case 1:
            b.call(c.kernel,
                   {view(x, {Range(0, H / 2), Range(0, W)}), view(y, {Range(0, H / 2), Range(0, W)})});
            return b.call(c.kernel, {view(x, {Range(H / 2, H - H / 2), Range(W / 2, W - W / 2)}),
                                     view(y, {Range(H / 2, H - H / 2), Range(0, W - W / 2)})});
        case 2:
            return void(b.for_(0, 2 + pick(2), [&](Var n) {
                b.call(c.kernel, {view(x, {Range(0, H / (n + 1)), Range(0, (W + 1) / 2, 2)}),
                                  view(y, {Range(0, H / (n + 1)), Range(W / 2, (W + 1) / 2)})});
            }));
        default:
            return on_rows(b, x, y, H, W);
        }
    }

    std::mt19937& random;
    Type element;
    int names = 0;
    std::vector<Callee> lines, pictures;
};

} // namespace

Program random_calls(std::mt19937& random) {
    return RandomCalls(random).make();
}
