#pragma once
/// \file What all layers have in common: what they read, and what they are.

#include <lathe/lathe.h>

#include <functional>

namespace lathe::nn {

struct Layer;

/// What a layer reads: an Input, a Const, a Func with a declared shape, or another layer. Coordinates begin
/// at 0.
class Values {
  public:
    Values(const ReadTensor& t, Loc loc = Loc::current());
    Values(const Func& f, Loc loc = Loc::current());
    Values(const Layer& l, Loc loc = Loc::current());

    const std::string& name() const { return text; }
    Type type() const { return element; }
    size_t rank() const { return sizes.size(); }
    const Expr& extent(size_t dimension) const { return sizes[dimension]; }
    Expr operator()(const std::vector<Expr>& at) const { return element_at(at); }
    Loc loc() const { return location; }
    /// \throws Error when the rank is another: `shape` is how the layer describes what it needs.
    const Values& expect_rank(size_t rank, const char* layer, const char* shape) const;

  private:
    std::string text;
    Type element;
    std::vector<Expr> sizes;
    std::function<Expr(const std::vector<Expr>&)> element_at;
    Loc location;
};

/// One layer. It stands for its Func wherever a Func is read; the rest is what a schedule names.
///
///     auto c = nn::conv2d("c", image, weights, bias);
///     auto a = nn::relu("a", c);
///     Schedule s(a);
///     nn::schedule(s, c); // or s[c.out].reorder(c.dims[0], …)
struct Layer {
    enum class Kind : uint8_t {
        pointwise, ///< each element from elements at the same place
        window,    ///< each from a window, as an inline reduction
        sum,       ///< an initialisation and one update over `over`
    };
    Func out;
    Kind kind;
    std::vector<Var> dims;     ///< the loops over out's elements, outermost first
    std::vector<RVar> over;    ///< the loops of the update, outermost first
    std::vector<Layer> inside; ///< what the layer computes before `out`, in order
    operator const Func&() const { return out; }
    operator StageRef() const { return StageRef(out, {}); }
    operator TensorRef() const { return TensorRef(out); }
};

/// The layer's default schedule for a CPU. All of it, for a reader who wants to begin there:
///
/// - pointwise and window: the last loop in vectors of the target, the first one in parallel;
/// - sum: `reorder(n, o, y, over…, x)` (dense: `reorder(n, k, o)`), the initialisation fused into the loop
///   around `over`, the last loop in vectors, the first one in parallel.
///
/// A last loop that is shorter than a vector gets shorter vectors, and one of a single element none.
void schedule(Schedule& s, const Layer& layer, const Target& target = Target::host());

/// The type that a sum of `count` products has without a lost bit: the operands' float, or the exact type.
Type product_sum_type(Type a, Type b, int64_t count, Loc loc = Loc::current());

} // namespace lathe::nn
