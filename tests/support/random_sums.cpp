#include "random_sums.h"

#include "lathe/lathe.h"

#include <random>

using namespace lathe;

namespace {

/// Sums into elements whose subscripts are made of the loops: alone, weighed, divided, clamped, gathered.
class RandomSums {
  public:
    explicit RandomSums(unsigned seed) : random(seed) {
        std::vector<RRange> ranges;
        for (int n = 1 + pick(3); n > 0; --n)
            ranges.push_back({pick(2) ? 0 : pick(5) - 2, 1 + pick(7)});
        RDom r(ranges, "r");
        for (size_t d = 0; d < ranges.size(); ++d)
            loops.push_back(r[d]);
        if (pick(4) == 0) r.where(loops[0] != 1);
        h(i, j) = pick(3);
        h(200 + subscript(), 60 + (pick(2) ? Expr(0) : term())) += pick(2) ? Expr(1) : value();
    }
    Func h{"h", Int(40), {400, 120}};

  private:
    int pick(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    Expr loop() { return loops[static_cast<size_t>(pick(static_cast<int>(loops.size())))]; }
    Expr value() { return pick(2) ? a(loop() + 2) : a(3) * a(loop() + 2); }

    Expr subscript() {
        Expr all = term();
        for (int n = pick(3); n > 0; --n)
            all = all + term();
        return all;
    }

    Expr term() {
        const Expr v = loop();
        switch (pick(8)) {
        case 0:
            return floor_div(v, 2 + pick(3));
        case 1:
            return floor_mod(v, 2 + pick(3));
        case 2:
            return clamp(v, 0, pick(4));
        case 3:
            return clamp(a(v + 2), 0, 5);
        default:
            return v * (pick(17) - 8);
        }
    }

    std::mt19937 random;
    Var i{"i"}, j{"j"};
    Input a{"a", Int(6), {16}};
    std::vector<Expr> loops;
};

} // namespace

Func random_sums(unsigned seed) {
    return RandomSums(seed).h;
}
