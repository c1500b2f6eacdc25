#include "random_network.h"

#include <algorithm>
#include <functional>

using namespace lathe;

namespace {

/// What is built inside of the dataflow, when all of it is known.
using Call = std::function<void(KernelBody&, const std::vector<Stream>&)>;

class NetworkMaker {
  public:
    explicit NetworkMaker(std::mt19937& r) : random(r) {}

    Kernel make() {
        const int sources = 1 + pick(2), steps = 1 + pick(6);
        for (int n = 0; n < sources; ++n)
            source();
        for (int n = 0; n < steps; ++n)
            step();
        while (!open.empty())
            sink();
        std::shuffle(calls.begin(), calls.end(), random);
        return Kernel("network", arguments, [&](KernelBody& b) {
            b.dataflow([&] {
                std::vector<Stream> all;
                for (size_t n = 0; n < types.size(); ++n)
                    all.push_back(b.stream("s" + std::to_string(n), types[n]));
                for (const Call& call : calls)
                    call(b, all);
            });
        });
    }

  private:
    struct End {
        size_t stream;
        int64_t tokens;
    };
    std::mt19937& random;
    std::vector<KernelArgument> arguments;
    std::vector<Type> types; ///< of the streams
    std::vector<End> open;   ///< written, and not read yet
    std::vector<Call> calls;
    int count = 0;
    Var i{"i"}, j{"j"}, p{"p"};

    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    std::string name(const char* what) { return what + std::to_string(count++); }
    Type type() {
        const Type all[] = {Int(8), UInt(5), Int(17), Fixed(12, 4), UInt(33)};
        return all[pick(5)];
    }
    size_t stream(Type t, int64_t tokens) {
        types.push_back(t);
        open.push_back({types.size() - 1, tokens});
        return types.size() - 1;
    }
    End take() {
        const size_t n = static_cast<size_t>(pick(static_cast<int>(open.size())));
        const End e = open[n];
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(n));
        return e;
    }
    Type type_of(const End& e) const { return types[e.stream]; }
    Expr changed(const Expr& e) {
        switch (pick(4)) {
        case 0:
            return e + pick(5);
        case 1:
            return e * 3;
        case 2:
            return select(e > 2, e, Expr(0) - e);
        default:
            return e;
        }
    }

    void source() {
        const int64_t tokens = 1 + pick(10);
        const Type t = type();
        Input from("from", t, {tokens}), x(name("x"), t, {tokens});
        arguments.insert(arguments.begin(), x);
        OutStream out("out", t);
        Kernel k(name("load"), {from, out},
                 [&](KernelBody& b) { b.for_(i, 0, tokens, [&] { b.push(out, from(i)); }); });
        const size_t s = stream(t, tokens);
        calls.push_back([=](KernelBody& b, const std::vector<Stream>& all) { b.call(k, {x, all[s]}); });
    }

    void sink() {
        const End e = take();
        const Type t = type_of(e);
        Output to("to", t, {e.tokens}), y(name("y"), t, {e.tokens});
        arguments.push_back(y);
        InStream in("in", t);
        Kernel k(name("store"), {in, to},
                 [&](KernelBody& b) { b.for_(i, 0, e.tokens, [&] { to(i) = b.pop(in); }); });
        calls.push_back(
            [=](KernelBody& b, const std::vector<Stream>& all) { b.call(k, {all[e.stream], y}); });
    }

    void step() {
        switch (pick(7)) {
        case 0:
            return pass();
        case 1:
            return decimate();
        case 2:
            return repeat();
        case 3:
            return open.size() > 1 ? zip() : copy();
        case 4:
            return deal();
        case 5:
            return copy();
        default:
            return reversed();
        }
    }

    /// A process with one reader's and one writer's end.
    void one_to_one(const char* what, const End& e, Type t, int64_t tokens,
                    const std::function<void(KernelBody&, const InStream&, const OutStream&)>& body) {
        InStream in("in", type_of(e));
        OutStream out("out", t);
        Kernel k(name(what), {in, out}, [&](KernelBody& b) { body(b, in, out); });
        const size_t s = stream(t, tokens);
        calls.push_back(
            [=](KernelBody& b, const std::vector<Stream>& all) { b.call(k, {all[e.stream], all[s]}); });
    }

    void pass() {
        const End e = take();
        one_to_one("pass", e, type(), e.tokens, [&](KernelBody& b, const InStream& in, const OutStream& out) {
            b.for_(i, 0, e.tokens, [&] { b.push(out, changed(b.pop(in))); });
        });
    }

    void decimate() {
        const End e = take();
        const int64_t half = e.tokens / 2;
        one_to_one("decimate", e, type_of(e), half + e.tokens % 2,
                   [&](KernelBody& b, const InStream& in, const OutStream& out) {
                       b.for_(i, 0, e.tokens, [&] {
                           Expr v = b.pop(in);
                           b.if_(i % 2 == 0, [&] { b.push(out, v); });
                       });
                   });
    }

    void repeat() {
        const End e = take();
        one_to_one("repeat", e, type_of(e), e.tokens * 2,
                   [&](KernelBody& b, const InStream& in, const OutStream& out) {
                       b.for_(i, 0, e.tokens, [&] {
                           Expr v = b.pop(in);
                           b.for_(j, 0, 2, [&] { b.push(out, v + j); });
                       });
                   });
    }

    /// All is kept, and passed on from the end.
    void reversed() {
        const End e = take();
        one_to_one("reverse", e, type_of(e), e.tokens,
                   [&](KernelBody& b, const InStream& in, const OutStream& out) {
                       Array kept = b.array("kept", type_of(e), {e.tokens});
                       b.for_(i, 0, e.tokens, [&] { kept(i) = b.pop(in); });
                       b.for_(i, 0, e.tokens, [&] { b.push(out, kept(e.tokens - 1 - i)); });
                   });
    }

    void zip() {
        const End a = take(), c = take();
        InStream in("in", type_of(a)), more("more", type_of(c));
        const Type t = type();
        OutStream out("out", t);
        const int64_t both = std::min(a.tokens, c.tokens);
        Kernel k(name("zip"), {in, more, out}, [&](KernelBody& b) {
            b.for_(i, 0, both, [&] { b.push(out, b.pop(in) - b.pop(more)); });
            b.for_(i, both, a.tokens, [&] { b.push(out, b.pop(in)); });
            b.for_(i, both, c.tokens, [&] { b.push(out, b.pop(more)); });
        });
        const size_t s = stream(t, std::max(a.tokens, c.tokens));
        calls.push_back([=](KernelBody& b, const std::vector<Stream>& all) {
            b.call(k, {all[a.stream], all[c.stream], all[s]});
        });
    }

    /// One token here, one there; or the same to both.
    void two_ways(const char* what, bool same) {
        const End e = take();
        const Type t = type_of(e);
        InStream in("in", t);
        OutStream out("out", t), more("more", t);
        Kernel k(name(what), {in, out, more}, [&](KernelBody& b) {
            b.for_(i, 0, e.tokens, [&] {
                Expr v = b.pop(in);
                if (same) {
                    b.push(out, v);
                    b.push(more, v);
                } else {
                    b.if_(i % 2 == 0, [&] { b.push(out, v); }).else_([&] { b.push(more, v); });
                }
            });
        });
        const size_t s = stream(t, same ? e.tokens : (e.tokens + 1) / 2);
        const size_t u = stream(t, same ? e.tokens : e.tokens / 2);
        calls.push_back([=](KernelBody& b, const std::vector<Stream>& all) {
            b.call(k, {all[e.stream], all[s], all[u]});
        });
    }
    void deal() { two_ways("deal", false); }
    void copy() { two_ways("copy", true); }
};

} // namespace

Kernel random_network(std::mt19937& random) {
    return NetworkMaker(random).make();
}
