#include "random_stencil.h"

#include "lathe/dsl/boundary.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operators.h"
#include "lathe/dsl/reduction.h"

#include <numeric>

using namespace lathe;

namespace {

class Maker {
  public:
    explicit Maker(std::mt19937& r) : random(r) {}

    RandomStencil make() {
        shape();
        const bool intermediate = pick(3) == 0;
        const bool some = intermediate && pick(2); // elements of the input, and others
        const Type element = type();
        Input in("in", element, extents(source_extents));
        Func produced("produced", some ? element : Int(24), extents(source_extents));
        if (intermediate) {
            std::vector<Expr> at;
            for (size_t d = 0; d < source_extents.size(); ++d)
                at.push_back(produced_vars[d]);
            produced(at) = some ? some_of(in(at)) : cast(Int(24), in(at)) * 2 + 1;
        }
        result.produced = intermediate;
        read = [&](const std::vector<Expr>& at) -> Expr {
            return intermediate ? Expr(produced(at)) : Expr(in(at));
        };
        Func out("out", Int(32), extents(out_extents));
        result.definition = pick(2);
        std::vector<Expr> point(vars.begin(), vars.end());
        if (channels > 1 && pick(2)) { // a sum over channels
            RDom c(0, channels, "c");
            out(point) = cast(Int(32), 0);
            out(point) += stencil([&](const std::vector<Expr>& at) { return load(at, Expr(c)); });
            result.definition = 1;
        } else {
            const Expr channel = channels > 1 ? Expr(pick(channels)) : Expr();
            const auto body = stencil([&](const std::vector<Expr>& at) { return load(at, channel); });
            out(point) = result.definition == 1 ? cast(Int(32), 3) : body;
            if (result.definition == 1) out(point) += body;
        }
        result.algorithm = build({out});
        result.consumer = out.symbol();
        result.source = intermediate ? produced.symbol() : in.symbol();
        return std::move(result);
    }

  private:
    std::mt19937& random;
    RandomStencil result;
    size_t rank = 1;
    int channels = 1;
    size_t channel_place = 0;
    std::vector<Var> vars, produced_vars;
    std::vector<std::vector<int64_t>> offsets; ///< in each dimension
    std::vector<int64_t> reach;                ///< the greatest offset, and the source's room behind it
    enum Border : uint8_t { inside, guarded, repeated, mirrored, mirrored_interior };
    std::vector<Border> borders; ///< the window stands over them, but for `inside`
    std::vector<int64_t> counts;
    std::vector<Extent> out_extents, source_extents;
    std::function<Expr(const std::vector<Expr>&)> read; ///< of the source
    std::vector<Param> sizes;

    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    Type type() {
        const Type all[] = {Int(16), UInt(8), Int(5), Fixed(12, 7)};
        return pick(4) ? all[pick(3)] : all[3];
    }
    Expr some_of(const Expr& element) {
        const Var p = produced_vars[static_cast<size_t>(pick(static_cast<int>(produced_vars.size())))];
        const int which = pick(4), first = 1 + pick(6), other = pick(2);
        if (which == 0) return element;
        return select(which == 1   ? p % 2 == 0
                      : which == 2 ? p < first
                                   : element > 0,
                      element, cast(element.type(), other));
    }
    static Shape extents(const std::vector<Extent>& all) { return Shape(all); }

    void shape() {
        rank = 1 + static_cast<size_t>(pick(3));
        channels = pick(3) ? 1 : 2 + pick(2);
        channel_place = static_cast<size_t>(pick(static_cast<int>(rank) + 1));
        for (size_t d = 0; d < rank; ++d) {
            const std::string name(1, "xyz"[rank - 1 - d]);
            vars.emplace_back(name);
            dimension(name);
        }
        for (size_t d = 0; d <= rank; ++d) {
            if (channels > 1 && d == channel_place) {
                source_extents.insert(source_extents.begin() + static_cast<std::ptrdiff_t>(d),
                                      Extent(channels));
                break;
            }
        }
        for (size_t d = 0; d < source_extents.size(); ++d)
            produced_vars.emplace_back("p" + std::to_string(d));
    }

    void dimension(const std::string& name) {
        const int64_t step = pick(4) ? 1 : 2, dilation = pick(4) ? 1 : 2;
        std::vector<int64_t> taps;
        const int n = 1 + pick(4);
        for (int t = 0; t < n; ++t)
            taps.push_back(dilation * pick(4));
        std::ranges::sort(taps);
        const auto duplicates = std::ranges::unique(taps);
        taps.erase(duplicates.begin(), duplicates.end());
        for (int64_t& t : taps)
            t -= taps.size() > 1 ? 0 : t;
        const int64_t least = taps.front();
        for (int64_t& t : taps)
            t -= least;
        const int64_t window = taps.back() + 1, count = 1 + pick(7);
        borders.push_back(pick(3) ? inside : static_cast<Border>(1 + pick(4)));
        const bool edge = borders.back() > guarded;
        result.borders = result.borders || borders.back() == guarded;
        result.edges = result.edges || edge;
        result.mirrors = result.mirrors || borders.back() > repeated;
        if (borders.back() != inside)
            for (int64_t& t : taps)
                t -= window / 2;
        offsets.push_back(taps);
        result.steps.push_back(step);
        result.windows.push_back(window);
        result.loops.emplace_back(vars.back());
        counts.push_back(count);
        const int64_t room = step * (count - 1) + (edge ? 1 : window);
        if (pick(3) == 0) {
            Param size(std::string(1, static_cast<char>(std::toupper(name[0]))));
            result.sizes[size.symbol.name()] = count;
            sizes.push_back(size);
            out_extents.emplace_back(Expr(size));
            source_extents.emplace_back(Expr(size) * static_cast<int>(step) +
                                        static_cast<int>((edge ? 1 - step : window - 1) + pick(2)));
        } else {
            out_extents.emplace_back(static_cast<int>(count));
            source_extents.emplace_back(static_cast<int>(room + pick(2)));
        }
    }

    Expr load(const std::vector<Expr>& at, const Expr& channel) {
        std::vector<Expr> all = at;
        if (channels > 1)
            all.insert(all.begin() + static_cast<std::ptrdiff_t>(std::min(channel_place, all.size())),
                       channel);
        return cast(Int(28), read(all));
    }

    /// A few points of the window, with its corners.
    Expr stencil(const std::function<Expr(const std::vector<Expr>&)>& element) {
        Expr sum = tap(element, [&](size_t d) { return offsets[d].front(); });
        sum = sum + tap(element, [&](size_t d) { return offsets[d].back(); }) * 3;
        for (int n = pick(4); n-- > 0;)
            sum = sum + tap(element, [&](size_t d) {
                            return offsets[d][static_cast<size_t>(pick(static_cast<int>(offsets[d].size())))];
                        }) * (n + 2);
        for (size_t d = 0; d < rank; ++d) // every offset of every dimension
            for (const int64_t o : offsets[d])
                sum = sum + tap(element, [&](size_t k) { return k == d ? o : offsets[k].front(); });
        return sum;
    }

    Expr tap(const std::function<Expr(const std::vector<Expr>&)>& element,
             const std::function<int64_t(size_t)>& offset) {
        std::vector<Expr> at;
        Expr is_inside;
        for (size_t d = 0; d < rank; ++d) {
            const auto o = static_cast<int>(offset(d)), s = static_cast<int>(result.steps[d]);
            const Expr position = s == 1 ? vars[d] + o : vars[d] * s + o;
            const size_t place = d + (channels > 1 && channel_place <= d ? 1 : 0);
            const Expr extent = source_extents[place].extent().expr();
            at.push_back(at_border(position, extent, borders[d]));
            if (borders[d] != guarded) continue;
            const Expr in = position >= 0 && position < extent;
            is_inside = is_inside.defined() ? is_inside && in : in;
        }
        const Expr x = element(at);
        return is_inside.defined() ? select(is_inside, x, 5) : x;
    }

    static Expr at_border(const Expr& position, const Expr& extent, Border border) {
        if (border == repeated) return clamp(position, 0, extent - 1);
        if (border == mirrored) {
            const Expr t = floor_mod(position, 2 * extent);
            return clamp(min(t, 2 * extent - 1 - t), 0, extent - 1);
        }
        if (border == mirrored_interior) {
            const Expr t = floor_mod(position, max(2 * extent - 2, 1));
            return clamp(min(t, 2 * extent - 2 - t), 0, extent - 1);
        }
        return position;
    }
};

} // namespace

RandomStencil random_stencil(std::mt19937& random) {
    return Maker(random).make();
}
