#include "random_network.h"

#include <algorithm>
#include <functional>
#include <map>

using namespace lathe;

namespace {

/// What is built inside of the dataflow, when all of it is known.
using Call = std::function<void(KernelBody&, const std::vector<Stream>&)>;

class NetworkMaker {
  public:
    explicit NetworkMaker(std::mt19937& r) : random(r) {}

    RandomNetwork make() {
        if (pick(4) == 0) rounds = 2 + pick(3);
        arguments.emplace_back(numbers);
        const int sources = 1 + pick(2), steps = 1 + pick(6);
        for (int n = 0; n < sources; ++n)
            source();
        for (int n = 0; n < steps; ++n)
            step();
        while (!open.empty())
            sink();
        std::shuffle(calls.begin(), calls.end(), random);
        const Kernel k("network", arguments, [&](KernelBody& b) {
            const auto network = [&] {
                b.dataflow([&] {
                    std::vector<Stream> all;
                    for (size_t n = 0; n < types.size(); ++n)
                        all.push_back(b.stream("s" + std::to_string(n), types[n]));
                    for (const Call& call : calls)
                        call(b, all);
                });
            };
            if (rounds == 1) return network();
            b.for_(round, 0, rounds, network);
        });
        return {k, rounds > 1 ? std::optional(round) : std::nullopt};
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
    std::map<std::string, Kernel> loads, stores; ///< by the type of what they pass
    int count = 0, rounds = 1;
    Var i{"i"}, j{"j"}, p{"p"}, round{"round"};
    Param N{"N"}, amount{"amount", Int(6)};
    Input numbers{"numbers", UInt(2), {4}}; ///< for beginnings and values

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

    /// A tensor of the whole for all rounds, and one round's part of it: of one that is longer by `more`,
    /// from `begin` on.
    template <class T> std::pair<T, CallArgument> part(const std::string& called, Type t, const End& e) {
        const int more = std::is_same_v<T, Input> && pick(3) == 0 ? 3 : 0;
        const T whole(called, t, rounds > 1 ? Shape{rounds, e.tokens + more} : Shape{e.tokens + more});
        if (rounds == 1 && more == 0) return {whole, CallArgument(whole)};
        const Expr begin = more ? Expr(numbers(pick(4))) : Expr(0);
        std::vector<ViewPart> parts{Range(begin, e.tokens)};
        if (rounds > 1) parts.insert(parts.begin(), ViewPart(round));
        return {whole, view(whole, parts)};
    }

    /// One kernel for all tensors of a type, of any size.
    const Kernel& load(Type t) {
        const auto found = loads.find(t.str());
        if (found != loads.end()) return found->second;
        Input from("from", t, {N});
        OutStream out("out", t);
        const Kernel k(name("load"), {from, out},
                       [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, from(i)); }); });
        return loads.emplace(t.str(), k).first->second;
    }
    const Kernel& store(Type t) {
        const auto found = stores.find(t.str());
        if (found != stores.end()) return found->second;
        Output to("to", t, {N});
        InStream in("in", t);
        const Kernel k(name("store"), {in, to},
                       [&](KernelBody& b) { b.for_(i, 0, N, [&] { to(i) = b.pop(in); }); });
        return stores.emplace(t.str(), k).first->second;
    }

    void source() {
        const int64_t tokens = 1 + pick(10);
        const Type t = type();
        const size_t s = stream(t, tokens);
        const auto [x, from] = part<Input>(name("x"), t, {s, tokens});
        arguments.insert(arguments.begin(), x);
        calls.push_back([k = load(t), from, s](KernelBody& b, const std::vector<Stream>& all) {
            b.call(k, {from, all[s]});
        });
    }

    void sink() {
        const End e = take();
        const auto [y, to] = part<Output>(name("y"), type_of(e), e);
        arguments.push_back(y);
        calls.push_back([k = store(type_of(e)), to, e](KernelBody& b, const std::vector<Stream>& all) {
            b.call(k, {all[e.stream], to});
        });
    }

    void step() {
        switch (pick(11)) {
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
        case 6:
            return added();
        case 7:
            return nested();
        case 8:
            return chain();
        case 9:
            return lanes();
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

    Kernel adding(Type from, Type to, int64_t tokens) {
        InStream in("in", from);
        OutStream out("out", to);
        return Kernel(name("add"), {in, out, amount},
                      [&](KernelBody& b) { b.for_(i, 0, tokens, [&] { b.push(out, b.pop(in) + amount); }); });
    }

    /// What memory holds, to each token.
    void added() {
        const End e = take();
        const Type t = type();
        const size_t s = stream(t, e.tokens);
        const Expr number = numbers(pick(4));
        calls.push_back(
            [=, k = adding(type_of(e), t, e.tokens)](KernelBody& b, const std::vector<Stream>& all) {
                b.call(k, {all[e.stream], all[s], number});
            });
    }

    /// A dataflow as a process, with a stream of its own.
    void nested() {
        const End e = take();
        const Type t = type(), between = type();
        const Kernel first = adding(type_of(e), between, e.tokens), second = adding(between, t, e.tokens);
        const int number = pick(9);
        one_to_one("nested", e, t, e.tokens, [&](KernelBody& b, const InStream& in, const OutStream& out) {
            b.dataflow([&] {
                const Stream own = b.stream("own", between);
                b.call(second, {own, out, number - 4});
                b.call(first, {in, own, number});
            });
        });
    }

    /// Processes of one kernel, from stream to stream of an array.
    void chain() {
        const End e = take();
        const Type t = type_of(e);
        const size_t s = stream(t, e.tokens);
        const int length = 1 + pick(4);
        calls.push_back([=, this, k = adding(t, t, e.tokens),
                         links = name("links")](KernelBody& b, const std::vector<Stream>& all) {
            const Stream link = b.stream(links, t, {length + 1});
            b.spawn({{p, length}}, k, {link(p), link(p + 1), p});
            b.call(k, {all[e.stream], link(0), 1});
            b.call(k, {link(length), all[s], 2});
        });
    }

    /// One kernel with arrays of streams at one or both ends, its tokens to (and from) one after the other.
    Kernel dealing(const char* what, const KernelArgument& from, const KernelArgument& to, int64_t tokens,
                   const std::function<void(KernelBody&)>& body) {
        return Kernel(name(what), {from, to}, [&](KernelBody& b) { b.for_(i, 0, tokens, [&] { body(b); }); });
    }

    /// Rows of streams, from each to the next one by a kernel that is given both rows, by one for each of
    /// their streams, or by a dataflow of these.
    void lanes() {
        const End e = take();
        const Type t = type_of(e);
        const int many = 1 + pick(3), rows = 1 + pick(3);
        InStream in("in", t), row("row", t, {many});
        OutStream out("out", t), to_row("to_row", t, {many});
        const Expr lane = i % many;
        const Kernel spread =
            dealing("spread", in, to_row, e.tokens, [&](KernelBody& b) { b.push(to_row(lane), b.pop(in)); });
        const Kernel gather =
            dealing("gather", row, out, e.tokens, [&](KernelBody& b) { b.push(out, b.pop(row(lane))); });
        const Kernel whole = dealing("row", row, to_row, e.tokens,
                                     [&](KernelBody& b) { b.push(to_row(lane), changed(b.pop(row(lane)))); });
        const Kernel one(name("lane"), {in, out, N},
                         [&](KernelBody& b) { b.for_(i, 0, N, [&] { b.push(out, b.pop(in) + 1); }); });
        const Expr share = (e.tokens + many - 1 - p) / many;
        const Kernel network(name("lanes"), {row, to_row}, [&](KernelBody& b) {
            b.dataflow([&] { b.spawn({{p, many}}, one, {row(p), to_row(p), share}); });
        });
        std::vector<int> kinds;
        for (int r = 1; r < rows; ++r)
            kinds.push_back(pick(3));
        const size_t s = stream(t, e.tokens);
        calls.push_back([=, this, links = name("rows")](KernelBody& b, const std::vector<Stream>& all) {
            const Stream link = b.stream(links, t, {rows, many});
            b.call(gather, {link(rows - 1), all[s]});
            for (int r = 1; r < rows; ++r) {
                const int kind = kinds[static_cast<size_t>(r - 1)];
                if (kind == 0)
                    b.spawn({{p, many}}, one, {link(r - 1, p), link(r, p), share});
                else
                    b.call(kind == 1 ? whole : network, {link(r - 1), link(r)});
            }
            b.call(spread, {all[e.stream], link(0)});
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

RandomNetwork random_network(std::mt19937& random) {
    return NetworkMaker(random).make();
}
