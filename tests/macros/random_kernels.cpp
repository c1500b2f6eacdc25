// Random kernels: nests of several forms, one behind the other, of inputs and of each other.

#include "deep.h"
#include "stencils.h"

#include <algorithm>
#include <map>

using namespace lathe;

namespace {

class RandomKernel {
  public:
    /// \param r counts what is refused with words, by a part of the message
    RandomKernel(std::mt19937& r, std::map<std::string, int>& words) : random(r), refused(words) {
        for (int n = 1 + pick(3); n > 0; --n)
            vars.emplace_back(std::string(1, "zyx"[3 - n]));
        for (size_t d = 0; d < vars.size(); ++d)
            shape.push_back(d + 1 == vars.size() ? 12 + pick(6) : vars.size() == 3 ? 6 : 8 + pick(4));
        sized = pick(3) == 0;
    }

    Schedule make() {
        const bool called = pick(4) == 0;
        if (called) sized = false; // its sizes would be its own
        const Input a("a", type(), extents()), b("b", type(), extents());
        const Output out("out", type(), extents()), other("other", type(), extents());
        const Kernel k("k", {a, b, out, other, p}, [&](KernelBody& body) {
            add(a);
            add(b);
            std::vector<KernelArray> arrays;
            for (int n = pick(3); n > 0; --n)
                arrays.push_back(body.array("local" + std::to_string(n), type(), extents()));
            arrays.push_back(other);
            arrays.push_back(out);
            for (size_t n = 0; n < arrays.size(); ++n) {
                if (n + 1 < arrays.size() && pick(4) == 0) {
                    two(body, arrays[n], arrays[n + 1]);
                    ++n;
                } else {
                    first(body, arrays[n]);
                }
            }
            for (int n = pick(3); n > 0; --n)
                update(body, arrays[static_cast<size_t>(pick(static_cast<int>(arrays.size())))]);
        });
        if (!called) return network(Schedule(k), k);
        const Input c("c", a.type(), extents()), d("d", b.type(), extents());
        const Output first_out("first_out", out.type(), extents()), second("second", other.type(), extents());
        if (pick(2)) {
            const Kernel top("top", {c, d, first_out, second, p},
                             [&](KernelBody& body) { body.call(k, {c, d, first_out, second, p}); });
            return network(Schedule(top), k);
        }
        const Kernel before = with_neighbours(a.type());
        Schedule s(Kernel("top", {c, d, first_out, second, p}, [&](KernelBody& body) {
            Array mid = body.array("mid", a.type(), extents());
            body.call(before, {c, mid});
            body.call(k, {mid, d, first_out, second, p});
        }));
        const StencilOptions options{.unroll = 1 + pick(2)};
        if (pick(2)) return network(s.stencil(before, options), k);
        return network(s, k).stencil(before, options);
    }

  private:
    /// A kernel of its own, which may need the same processes.
    Kernel with_neighbours(Type t) {
        const Input x("x", t, extents());
        const Output y("y", t, extents());
        return Kernel("before", {x, y}, [&](KernelBody& body) {
            Box box = whole();
            std::vector<int64_t> by(vars.size(), 0);
            const std::vector<Expr> here = at(by);
            by.back() = -1;
            loops(body, box, [&] { y(here) = x(here); });
            box.first.back() = 1;
            loops(body, box, [&] { y(here) = x(here) + x(at(by)); });
        });
    }

    Schedule network(Schedule s, const Kernel& k) {
        if (sized) s.bind(N, 2);
        const int64_t lanes[] = {1, 2, 3, 4};
        StencilOptions options{.unroll = lanes[pick(4)]};
        if (in_place) options = {.in_place = true};
        if (pick(3) == 0) {
            const int64_t widths[] = {32, 64, 128, 512};
            options.word = widths[pick(4)];
            try { // lanes may not divide a word, nor it them
                Schedule in_words = s;
                in_words.stencil(k, options);
                return in_words;
            } catch (const InternalError&) {
                throw;
            } catch (const Error& e) {
                for (auto& [reason, count] : refused)
                    count += e.message().find(reason) != std::string::npos;
                options.word = 0;
            }
        }
        s.stencil(k, options);
        return s;
    }

    struct Box {
        std::vector<int64_t> first, end;
    };
    struct Source {
        std::function<Expr(const std::vector<Expr>&)> load;
        Box box; ///< what it holds
        std::string name;
    };

    std::mt19937& random;
    std::map<std::string, int>& refused;
    const Param p{"p", Int(8)}, N{"N"};
    bool sized = false;
    std::vector<Var> vars;
    std::vector<int64_t> shape;
    std::vector<Source> sources;
    bool in_place = false;

    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    /// Perhaps as a sum with a size that is bound.
    Shape extents() const {
        std::vector<Extent> all(shape.begin(), shape.end());
        if (sized) all.back() = N + (shape.back() - 2);
        return all;
    }
    Box whole() const { return {std::vector<int64_t>(shape.size(), 0), shape}; }
    Type type() {
        const Type all[] = {Int(9), UInt(11), Fixed(14, 5), Fixed(12, 4, Round::rnd, Overflow::sat),
                            Float(32)};
        return all[pick(5)];
    }
    template <class T> void add(const T& t, const Box& box) {
        std::erase_if(sources, [&](const Source& s) { return s.name == t.name(); });
        sources.push_back({[t](const std::vector<Expr>& at) { return Expr(t(at)); }, box, t.name()});
    }
    void add(const Input& t) { add(t, whole()); }

    std::vector<Expr> at(const std::vector<int64_t>& by) const {
        std::vector<Expr> all;
        for (size_t d = 0; d < vars.size(); ++d)
            all.push_back(Operand(vars[d] + by[d]).expr());
        return all;
    }

    /// A load that shrinks the box to where it is there; null where nothing would be left.
    std::function<Expr()> element(Box& box, const std::string& but = "") {
        const Source& s = sources[static_cast<size_t>(pick(static_cast<int>(sources.size())))];
        std::vector<int64_t> by;
        Box smaller = box;
        for (size_t d = 0; d < vars.size(); ++d) {
            by.push_back(pick(4) - 1);
            smaller.first[d] = std::max(box.first[d], s.box.first[d] - by[d]);
            smaller.end[d] = std::min(box.end[d], s.box.end[d] - by[d]);
            if (smaller.end[d] - smaller.first[d] < 3) return {};
        }
        if (s.name == but) return {};
        box = smaller;
        return [load = s.load, index = at(by)] { return load(index); };
    }

    std::vector<std::function<Expr()>> elements(Box& box, int most, const std::string& but = "") {
        std::vector<std::function<Expr()>> all;
        for (int tries = 0; tries < 20 && (all.empty() || tries < most); ++tries)
            if (const auto e = element(box, but)) all.push_back(e);
        return all;
    }

    Expr value(const std::vector<std::function<Expr()>>& parts) {
        Expr all = parts[0]();
        for (size_t n = 1; n < parts.size(); ++n) {
            const Expr e = parts[n]();
            const int how = pick(3);
            all = how == 0 ? Expr(all - e) : how == 1 ? max(all, e) : select(e > 1, Expr(all + 1), e);
        }
        return all;
    }

    void loops(KernelBody& k, const Box& box, const std::function<void()>& body, size_t d = 0) {
        if (d == vars.size()) return body();
        k.for_(vars[d], box.first[d], box.end[d], [&] { loops(k, box, body, d + 1); });
    }

    Expr inside(const Box& box) const {
        Expr all = Expr(true);
        for (size_t d = 0; d < vars.size(); ++d)
            all = all && vars[d] >= static_cast<int>(box.first[d]) && vars[d] < static_cast<int>(box.end[d]);
        return all;
    }

    /// All that the tensor holds at first.
    void first(KernelBody& k, const KernelArray& t) {
        Box box = whole();
        const auto parts = elements(box, 4);
        if (parts.empty()) return first(k, t);
        const std::vector<Expr> here = at(std::vector<int64_t>(vars.size(), 0));
        switch (pick(7)) {
        case 0: // the sum of some, in a scalar
            loops(k, box, [&] {
                Scalar sum = k.scalar("sum", t.type(), 0);
                const Expr one = k.let(parts[0]());
                k.for_(Var("r"), 0, 3, [&] { sum += one; });
                for (const auto& p : parts)
                    sum += p();
                t(here) = sum;
            });
            break;
        case 1: // all elements: where others are not there it is a number
            loops(k, whole(),
                  [&] { k.if_(inside(box), [&] { t(here) = value(parts); }).else_([&] { t(here) = 3; }); });
            box = whole();
            break;
        case 2: { // two nests beside each other
            const int64_t middle = (box.first[0] + box.end[0]) / 2;
            Box upper = box, lower = box;
            upper.end[0] = lower.first[0] = middle;
            loops(k, lower, [&] { t(here) = value(parts); });
            loops(k, upper, [&] { t(here) = parts[0](); });
            break;
        }
        case 3: // a parameter decides for all elements
            k.if_(p > pick(3), [&] { loops(k, box, [&] { t(here) = value(parts); }); }).else_([&] {
                loops(k, box, [&] { t(here) = parts[0](); });
            });
            break;
        case 4: // two conditions, of which one holds
            loops(k, box, [&] {
                const Expr condition = parts[0]() > 1 && p < 2;
                k.if_(condition, [&] { t(here) = value(parts); });
                k.if_(!condition, [&] { t(here) = parts.back()(); });
            });
            break;
        case 5: // one of them by size
            loops(k, box, [&] { t(here) = sorted(k, t.type(), parts); });
            break;
        default:
            loops(k, box, [&] { t(here) = value(parts); });
        }
        add(t, box);
    }

    Expr sorted(KernelBody& k, Type type, const std::vector<std::function<Expr()>>& parts) {
        const auto count = static_cast<int64_t>(parts.size());
        Array all = k.array("all", type, {count});
        for (int64_t n = 0; n < count; ++n)
            all(n) = parts[static_cast<size_t>(n)]();
        const Var i("i"), j("j");
        k.for_(i, 0, count - 1, [&] {
            k.for_(j, 0, count - 1 - i, [&] {
                k.if_(all(j) > all(j + 1), [&] {
                    Scalar old = k.scalar("old", type, all(j));
                    all(j) = all(j + 1);
                    all(j + 1) = old;
                });
            });
        });
        return all(pick(static_cast<int>(count)));
    }

    /// Two tensors in one nest: what the first one's statement leaves in a local array the second one uses.
    void two(KernelBody& k, const KernelArray& t, const KernelArray& u) {
        Box box = whole();
        const auto parts = elements(box, 3);
        if (parts.empty()) return two(k, t, u);
        const std::vector<Expr> here = at(std::vector<int64_t>(vars.size(), 0));
        Array left = k.array("left", u.type(), {2});
        loops(k, box, [&] {
            k.if_(parts[0]() > 1, [&] {
                 t(here) = value(parts);
                 left(0) = p;
             }).else_([&] {
                t(here) = parts[0]();
                left(0) = parts.back()();
            });
            left(1) = left(0) + 1;
            u(here) = left(pick(2));
        });
        add(t, box);
        add(u, box);
    }

    /// A part of it anew, of others or of itself.
    void update(KernelBody& k, const KernelArray& t) {
        Box box = std::ranges::find(sources, t.name(), &Source::name)->box;
        const Box before = box;
        const auto parts = elements(box, 3, t.name());
        if (parts.empty()) return;
        const std::vector<Expr> here = at(std::vector<int64_t>(vars.size(), 0));
        const size_t along = static_cast<size_t>(pick(static_cast<int>(vars.size())));
        std::vector<int64_t> by(vars.size(), 0);
        by[along] = -1;
        const bool moves = pick(3) == 0 && box.end[along] - box.first[along] > 3;
        if (moves) {
            box.first[along] = std::max(box.first[along], before.first[along] + 1);
            in_place = true;
        }
        const bool in_order = pick(2) == 0;
        const auto nest = [&] {
            loops(k, box, [&] {
                if (moves && in_order)
                    t(here) =
                        sorted(k, t.type(),
                               {[&] { return Expr(t(at(by))); }, parts[0], [&] { return Expr(t(here)); }});
                else if (moves)
                    t(here) = select(t(here) > 3, parts[0](), Expr(t(at(by))));
                else
                    t(here) += value(parts);
            });
        };
        if (pick(3) == 0)
            k.for_(Var("n"), 0, 2, nest);
        else
            nest();
    }
};

} // namespace

TEST_CASE("random kernels") {
    std::mt19937 random(33);
    const std::string parts = "words are those of whole rows",
                      called = "is called, and words are those of the top";
    std::map<std::string, int> refused{{parts, 0}, {called, 0}};
    for (int n = 0; n < count(40, 2000); ++n) {
        CAPTURE(n);
        const Schedule s = RandomKernel(random, refused).make();
        check_network(s, false, {{"p", n % 4}, {"N", 2}});
    }
    CHECK(refused.at(parts) > 0);
    CHECK(refused.at(called) > 0);
}
