#include "denoise/chain.h"

#include <algorithm>

using namespace lathe;

const std::vector<std::string>& border_names() {
    static const std::vector<std::string> names{"valid", "constant", "clamp", "mirror", "mirror_interior"};
    return names;
}

Borders borders_of(const std::string& name) {
    const auto found = std::ranges::find(border_names(), name);
    if (found == border_names().end())
        ir::fail({}, "border is {}, not {}", fmt::join(border_names(), ", "), name);
    return static_cast<Borders>(found - border_names().begin());
}

Chain::Chain(Borders b, int64_t h, int64_t w)
    : borders(b), height(h), width(w), made{{}, {}, Var("y"), Var("x")} {}

template <class T> Picture Chain::picture(const T& tensor, Reach margin) const {
    if (borders == Borders::valid)
        return {margin, [tensor](const Expr& y, const Expr& x) -> Expr { return tensor(y, x); }};
    const Bounded bounded = borders == Borders::constant ? constant_edge(tensor, 0)
                            : borders == Borders::clamp  ? repeat_edge(tensor)
                            : borders == Borders::mirror ? mirror(tensor)
                                                         : mirror_interior(tensor);
    return {margin, [bounded](const Expr& y, const Expr& x) -> Expr { return bounded(y, x); }};
}

Picture Chain::input(const std::string& name, Type type) {
    made.inputs.emplace_back(name, type, Shape{height, width});
    return picture(made.inputs.back(), {});
}

Picture Chain::stage(const std::string& name, Type type, const Picture& smallest, Reach reach,
                     const std::function<Expr(const At&)>& value) {
    const bool valid = borders == Borders::valid;
    const Reach margin = valid ? Reach{smallest.margin.y + reach.y, smallest.margin.x + reach.x} : Reach{};
    const Func f(name, type, {height - 2 * margin.y, width - 2 * margin.x});
    const Var &y = made.y, &x = made.x;
    f(y, x) = value([&](const Picture& from, int64_t dy, int64_t dx) -> Expr {
        const int64_t v = margin.y - from.margin.y + dy, u = margin.x - from.margin.x + dx;
        return from.element(v == 0 ? Operand(y).expr() : y + v, u == 0 ? Operand(x).expr() : x + u);
    });
    made.stages.push_back(f);
    return picture(f, margin);
}
