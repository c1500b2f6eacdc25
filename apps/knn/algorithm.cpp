#include "knn/algorithm.h"

using namespace lathe;

namespace {

constexpr int pixels = 196;

/// The three least distances so far, and their labels.
class Nearest {
  public:
    explicit Nearest(KernelBody& k)
        : body(k), distance(k.array("distance", UInt(8), {3})), label(k.array("label", UInt(4), {3})) {
        for (int place : {0, 1, 2})
            set(place, 255, 0);
    }

    /// Puts a point before those that are farther. Most are not near: one comparison tells.
    void insert(const Expr& d, const Expr& l) {
        body.if_(d < distance(2), [&] {
            body.if_(d < distance(0),
                     [&] {
                         move(1, 2);
                         move(0, 1);
                         set(0, d, l);
                     })
                .elif_(d < distance(1),
                       [&] {
                           move(1, 2);
                           set(1, d, l);
                       })
                .else_([&] { set(2, d, l); });
        });
    }

    Expr majority() const { return select(label(1) == label(2), label(1), label(0)); }

  private:
    void set(int place, const Operand& d, const Operand& l) {
        distance(place) = d;
        label(place) = l;
    }
    void move(int from, int to) { set(to, distance(from), label(from)); }

    KernelBody& body;
    Array distance, label;
};

} // namespace

Knn knn() {
    Param M("M"), N("N");
    Input train("train", UInt(pixels), {M}), labels("labels", UInt(4), {M}), test("test", UInt(pixels), {N});
    Output digit("digit", UInt(4), {N});
    Var n("n"), m("m");
    return {n, m, train, Kernel("knn", {train, labels, test, digit}, [&](KernelBody& k) {
                k.for_(n, 0, N, [&] {
                    Nearest nearest(k);
                    k.for_(m, 0, M, [&] {
                        const Expr d = k.let(cast(UInt(8), popcount(train(m) ^ test(n))));
                        nearest.insert(d, labels(m));
                    });
                    digit(n) = nearest.majority();
                });
            })};
}
