#pragma once
/// \file A product of matrices, whose rows can be processes.

#include "everywhere.h"
#include "refusal.h"

namespace lathe {

struct Product {
    Var i{"i"}, j{"j"};
    RDom k{0, 6, "k"};
    Input A{"A", Int(16), {4, 6}}, B{"B", Int(16), {6, 8}};
    Func C{"C", Int(32), {4, 8}};
    Product() {
        C(i, j) = 0;
        C(i, j) += A(i, k) * B(k, j);
    }
};

} // namespace lathe
