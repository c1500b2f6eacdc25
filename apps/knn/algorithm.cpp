#include "knn/algorithm.h"

using namespace lathe;

namespace {

constexpr int pixels = 196;

/// The three least distances so far, and their labels: a point moves those that are farther down by one
/// place.
std::vector<Expr> insert(const std::vector<Expr>& old, const std::vector<Expr>& point) {
    std::vector<Expr> now;
    for (size_t place = 0; place < 6; place += 2)
        for (size_t part : {0, 1}) {
            const Expr here = select(point[0] < old[place], point[part], old[place + part]);
            now.push_back(place == 0 ? here : select(point[0] < old[place - 2], old[place - 2 + part], here));
        }
    return now;
}

} // namespace

Knn knn() {
    Param M("M"), N("N");
    Knn k = {Input("train", UInt(pixels), {M}),
             Input("labels", UInt(4), {M}),
             Input("test", UInt(pixels), {N}),
             Func("digit", UInt(4), {N}),
             Var("n"),
             RDom(0, M, "m")};
    const Reducer three(
        "three", {{UInt(8), 255}, {UInt(4), 0}, {UInt(8), 255}, {UInt(4), 0}, {UInt(8), 255}, {UInt(4), 0}},
        insert);
    const Expr distance = cast(UInt(8), popcount(k.train(k.m) ^ k.test(k.n)));
    const std::vector<Expr> best = three(k.m, {distance, Expr(k.labels(k.m))});
    const Expr first = best[1], second = best[3], third = best[5];
    k.digit(k.n) = select(second == third, second, first);
    return k;
}
