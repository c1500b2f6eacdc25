#pragma once
/// \file Short forms that build IR for the tests of this folder.

#include "lathe/ir/stmt.h"

namespace build {

using namespace lathe;
using namespace lathe::ir;

inline Expr var(const Symbol& s) {
    return Variable::make(s, IndexType());
}
inline Expr var(const Symbol& s, Type t) {
    return Variable::make(s, t);
}
inline Expr constant(Type t, int raw) {
    return Constant::make(Value::from_raw(t, raw));
}
inline Expr literal(int i) {
    return Constant::make(Value::literal(i));
}
inline Expr real(const char* q) {
    return Constant::make(Value::real(mpq_class(q)));
}
inline Expr op(BinaryOp o, Expr a, Expr b) {
    return Binary::make(o, std::move(a), std::move(b));
}
inline Expr add(Expr a, Expr b) {
    return op(BinaryOp::add, std::move(a), std::move(b));
}
inline Expr mul(Expr a, Expr b) {
    return op(BinaryOp::mul, std::move(a), std::move(b));
}
inline Expr less(Expr a, Expr b) {
    return op(BinaryOp::lt, std::move(a), std::move(b));
}

inline Tensor tensor(const Symbol& s, Type t, const std::vector<Expr>& shape, MemorySpace space = {}) {
    std::vector<Dim> dims;
    for (const Expr& e : shape)
        dims.push_back({index(0), e});
    return {s, t, dims, std::move(space), TypeOrigin::declared, nullptr, {}};
}

inline Stmt loop(const Symbol& s, Expr extent, Stmt body, LoopKind kind = {}) {
    return For::make(s, index(0), std::move(extent), std::move(kind), std::move(body));
}

/// C = A * B in two stages; the symbols are fresh at every call.
inline Module gemm(MemorySpace space = {}) {
    const Symbol M("M"), N("N"), K("K"), A("A"), B("B"), C("C"), i("i"), j("j"), k("k"), ui("i"), uj("j");
    const Type f = Float(32);
    const Stmt zero = Store::make(C, f, {var(i), var(j)}, real("0"));
    const Expr product = mul(Load::make(A, f, {var(ui), var(k)}), Load::make(B, f, {var(k), var(uj)}));
    const Stmt step = Reduce::make(BinaryOp::add, {C, f, {var(ui), var(uj)}, product}, {}, {}, true);
    const Stmt init = loop(i, var(M), loop(j, var(N), zero), LoopKind::parallel());
    const Stmt update = loop(ui, var(M), loop(uj, var(N), loop(k, var(K), step)));
    Function gemm;
    gemm.name = "gemm";
    gemm.params = {{M, IndexType(), {}}, {N, IndexType(), {}}, {K, IndexType(), {}}};
    gemm.arguments = {{tensor(A, f, {var(M), var(K)}, space), Direction::in},
                      {tensor(B, f, {var(K), var(N)}), Direction::in},
                      {tensor(C, f, {var(M), var(N)}), Direction::out}};
    gemm.body = Block::make({Stage::make(C, 0, init), Stage::make(C, 1, update)});
    return {{gemm}};
}

} // namespace build
