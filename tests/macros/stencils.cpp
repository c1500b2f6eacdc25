#include "stencils.h"

#include <algorithm>
#include <optional>

using namespace lathe;

namespace {

Schedule with_stencil(const Func& out, int64_t unroll) {
    Schedule s(out);
    if (unroll > 0) s.stencil(out, {.unroll = unroll});
    return s;
}

/// The point and its four neighbours, of the window's first corner.
Expr cross(const auto& in, const Var& y, const Var& x) {
    return in(y + 1, x + 1) + in(y + 1, x) + in(y + 1, x + 2) + in(y, x + 1) + in(y + 2, x + 1);
}

Expr number(Type t, double value) {
    return t.is_float() ? Expr(static_cast<float>(value)) : cast(Fixed(8, 4), value);
}

class RandomNetwork {
  public:
    RandomNetwork(std::mt19937& r, bool update, bool all) : random(r), updates(update), more(all) {}

    RandomStencil make() {
        borders = pick(3) == 0;
        for (int n = 1 + pick(3); n > 0; --n)
            vars.emplace_back(std::string(1, "zyx"[3 - n]));
        for (size_t d = 0; d < vars.size(); ++d)
            shape.push_back(d + 1 == vars.size() ? 12 + pick(9) : vars.size() == 3 ? 7 : 9 + pick(4));
        for (int n = 1 + pick(2); n > 0; --n) {
            inputs.emplace_back(inputs.empty() ? "a" : "b", type(), shape_of(shape));
            sources.push_back(source(inputs.back(), shape));
        }
        for (int n = 1 + pick(4); n > 0; --n)
            stage();
        std::vector<Func> outputs{funcs.back()};
        for (size_t n = 0; n + 1 < funcs.size(); ++n)
            if (pick(4) == 0) outputs.push_back(funcs[n]);
        if (more) add_beside(outputs);
        const int64_t lanes[] = {1, 2, 3, 4, 8}, widths[] = {32, 64, 128, 512};
        std::optional<int64_t> words;
        if (pick(3) == 0) words = widths[pick(4)];
        StencilOptions options{.unroll = std::min(lanes[pick(5)], points)};
        if (pick(3) == 0)
            for (size_t d = 1; d < vars.size(); ++d)
                options.tile.push_back(4 + pick(12));
        if (in_place) options = {.in_place = true};
        const Schedule s(outputs);
        if (!in_strips(s, options)) options.tile.clear();
        if (words.has_value()) options.word = *words;
        if (!in_words(s, options)) options.word = 0;
        return {s, funcs.back(), options};
    }

  private:
    struct Element {
        std::function<Expr(const std::vector<Expr>&)> load, beyond; ///< beyond: at any position
        std::vector<int64_t> shape;
    };

    /// Strips may be too narrow for what the stages read, or hold fewer points than there are lanes.
    bool in_strips(Schedule s, const StencilOptions& options) {
        try {
            s.stencil(funcs.back(), options);
            return true;
        } catch (const Error&) {
            return options.tile.empty() ? throw : false;
        }
    }

    /// Lanes may not divide a word, nor it them; strips may share one.
    bool in_words(Schedule s, const StencilOptions& options) {
        try {
            s.stencil(funcs.back(), options);
            return true;
        } catch (const Error&) {
            return options.word == 0 ? throw : false;
        }
    }

    /// The tensor, and one of its kinds of edges.
    template <class T> Element source(const T& t, const std::vector<int64_t>& extents) {
        const std::function<Bounded(const T&)> edges[] = {
            [](const T& s) { return repeat_edge(s); }, [](const T& s) { return mirror(s); },
            [](const T& s) { return mirror_interior(s); }, [](const T& s) { return constant_edge(s, 2); }};
        const Bounded edge = edges[pick(4)](t);
        return {[t](const std::vector<Expr>& at) { return Expr(t(at)); },
                [edge](const std::vector<Expr>& at) { return edge(at); }, extents};
    }

    static Shape shape_of(const std::vector<int64_t>& extents) {
        return std::vector<Extent>(extents.begin(), extents.end());
    }
    std::vector<Expr> at_point() const {
        std::vector<Expr> at;
        for (const Var& v : vars)
            at.push_back(Operand(v).expr());
        return at;
    }
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    Type type() {
        const Type all[] = {Int(8), UInt(11), Fixed(14, 5), Fixed(12, 4, Round::rnd, Overflow::sat),
                            Float(32)};
        return all[pick(5)];
    }

    /// An element of what is there, at a random distance: `room` shrinks to where it exists; or beyond the
    /// edges.
    Expr element(std::vector<int64_t>& room) {
        // The last stage is read most often, so that there are chains.
        const int last = static_cast<int>(sources.size()) - 1;
        const Element& s = sources[static_cast<size_t>(pick(3) ? last : pick(last + 1))];
        const bool beyond = borders && pick(2);
        std::vector<Expr> at;
        for (size_t d = 0; d < vars.size(); ++d) {
            const int64_t by = pick(d + 1 == vars.size() ? 4 : 3) - (beyond ? 1 : 0);
            at.push_back(Operand(vars[d] + by).expr());
            room[d] = std::min(room[d], s.shape[d] - (beyond ? 0 : by));
        }
        return beyond ? s.beyond(at) : s.load(at);
    }

    void stage() {
        std::vector<int64_t> room = shape;
        Expr value = element(room);
        for (int n = pick(5); n > 0; --n) {
            const Expr other = element(room);
            switch (pick(4)) {
            case 0:
                value = value - other;
                break;
            case 1:
                value = max(value, other);
                break;
            case 2:
                value = select(other > 1, value, other);
                break;
            default:
                value = value + other;
            }
        }
        const int form = more ? pick(6) : -1;
        if (form == 0) { // nobody ever reads that
            std::vector<int64_t> other = shape;
            value = select(vars[0] >= 100, element(other), value);
        }
        std::optional<Sum> sum;
        if (form == 1) sum = sum_along(room);
        if (std::ranges::any_of(room, [](int64_t n) { return n < 2; })) return stage();
        const std::string name = "s" + std::to_string(funcs.size());
        int64_t own = 1;
        for (const int64_t n : room)
            own *= n;
        points = std::min(points, own);
        Func f(name, type(), shape_of(room));
        f(at_point()) = value;
        if (sum) {
            RDom r(0, 3, "sum" + std::to_string(funcs.size()));
            std::vector<Expr> at = sum->at;
            at.back() = at.back() + r;
            f(at_point()) += sum->of.load(at);
        }
        if (form == 2) scan(f, room);
        if (updates)
            for (int n = pick(3); n > 0; --n)
                update(f, room);
        funcs.push_back(f);
        sources.push_back(source(f, room));
    }

    struct Sum {
        Element of;
        std::vector<Expr> at; ///< of three elements the first
    };

    /// Three elements beside each other, to be added up.
    Sum sum_along(std::vector<int64_t>& room) {
        const Sum s{sources[static_cast<size_t>(pick(static_cast<int>(sources.size())))], at_point()};
        for (size_t d = 0; d < room.size(); ++d)
            room[d] = std::min(room[d], s.of.shape[d] - (d + 1 == room.size() ? 2 : 0));
        return s;
    }

    /// All elements anew, each of the one before it: no old element is read.
    void scan(const Func& f, const std::vector<int64_t>& room) {
        const size_t along = static_cast<size_t>(pick(static_cast<int>(room.size())));
        std::vector<RRange> ranges;
        for (const int64_t n : room)
            ranges.push_back({0, n});
        const RDom r(ranges, "scan" + std::to_string(funcs.size()));
        std::vector<Expr> here, before;
        for (size_t d = 0; d < room.size(); ++d) {
            here.push_back(Operand(r[d]).expr());
            before.push_back(Operand(r[d] - (d == along ? 1 : 0)).expr());
        }
        in_place = true;
        f(here) = sources[0].load(here) + select(r[along] > 0, Expr(f(before)), 1);
    }

    /// Stages that are no part of the network: one before it, and one behind.
    void add_beside(std::vector<Func>& outputs) {
        const auto beside = [&](const std::string& name, const auto& of, const std::vector<int64_t>& size) {
            Func f(name, Int(16), shape_of(size));
            f(at_point()) = of(at_point()) + 1;
            if (pick(2)) outputs.push_back(f);
        };
        beside("first", inputs[0], shape);
        beside("last", funcs.back(), sources.back().shape);
    }

    /// Of a part: an element alone, or of the one before it in some dimension, and perhaps the one behind it.
    void update(const Func& f, const std::vector<int64_t>& room) {
        std::vector<RRange> ranges;
        const size_t along = static_cast<size_t>(pick(static_cast<int>(room.size())));
        const bool moves = pick(2) && room[along] > 3;
        int64_t end = 0; ///< along that dimension
        for (size_t d = 0; d < room.size(); ++d) {
            const int64_t first = moves && d == along ? 1 : pick(2);
            const int64_t extent = std::max<int64_t>(room[d] - first - 1 - pick(2), 1);
            ranges.push_back({first, extent});
            if (d == along) end = first + extent;
        }
        const RDom r(ranges, "r" + std::to_string(funcs.size()));
        std::vector<Expr> here, before, behind;
        for (size_t d = 0; d < room.size(); ++d) {
            here.push_back(Operand(r[d]).expr());
            before.push_back(Operand(r[d] - (d == along ? 1 : 0)).expr());
            behind.push_back(Operand(r[d] + (d == along ? 1 : 0)).expr());
        }
        in_place = in_place || moves;
        const Expr own = f(here), old = moves ? Expr(f(before)) : own;
        const bool both = moves && pick(2) && end < room[along];
        f(here) = select(own > 3, both ? Expr(f(behind)) : own - 1, old);
    }

    std::mt19937& random;
    bool updates, more, in_place = false;
    std::vector<Var> vars;
    std::vector<int64_t> shape;
    std::vector<Input> inputs;
    std::vector<Func> funcs;
    std::vector<Element> sources;
    bool borders = false;
    int64_t points = INT64_MAX; ///< of the smallest stage
};

} // namespace

Schedule seidel_valid(Type t, int64_t H, int64_t W, int64_t unroll) {
    Var y("y"), x("x");
    Input in("in", t, {H, W});
    Func rows("rows", t, {H, W - 2}), out("out", t, {H - 2, W - 2});
    rows(y, x) = (in(y, x) + in(y, x + 1) + in(y, x + 2)) / number(t, 3);
    out(y, x) = (rows(y, x) + rows(y + 1, x) + rows(y + 2, x)) / number(t, 3);
    return with_stencil(out, unroll);
}

Schedule gaussian3_valid(Type t, int64_t H, int64_t W, int64_t unroll) {
    Var y("y"), x("x");
    RDom r(0, 3, 0, 3, "r");
    Input in("in", t, {H, W});
    Const k("k", t, {3}, std::vector<double>{0.25, 0.5, 0.25});
    Func out("out", t, {H - 2, W - 2});
    out(y, x) = sum(r, in(y + r.x, x + r.y) * k(r.x) * k(r.y));
    return with_stencil(out, unroll);
}

Schedule jacobi_valid(Type t, int64_t H, int64_t W, int64_t unroll) {
    return jacobi_steps(t, H, W, unroll, 1);
}

Schedule jacobi_steps(Type t, int64_t H, int64_t W, int64_t unroll, int64_t steps) {
    Var y("y"), x("x");
    Input in("in", t, {H, W});
    std::vector<Func> all;
    for (int64_t n = 1; n <= steps; ++n) {
        Func f("step" + std::to_string(n), t, {H - 2 * n, W - 2 * n});
        f(y, x) = (n == 1 ? cross(in, y, x) : cross(all.back(), y, x)) / number(t, 5);
        all.push_back(f);
    }
    return with_stencil(all.back(), unroll);
}

RandomStencil random_stencil(std::mt19937& random, bool updates, bool more) {
    return RandomNetwork(random, updates, more).make();
}

Schedule random_stencil_network(std::mt19937& random, bool updates, bool more) {
    RandomStencil made = random_stencil(random, updates, more);
    made.schedule.stencil(made.out, made.options);
    return made.schedule;
}
