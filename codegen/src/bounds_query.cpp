#include "bounds_query.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace lathe::codegen {

using llvm::Value;

namespace {

class BoundsQuery {
  public:
    BoundsQuery(FunctionEmitter& emitter, const Abi& a, llvm::Function* f)
        : e(emitter), b(emitter.builder()), abi(a), function(f) {
        for (unsigned i = 0; i < abi.buffers.size(); ++i)
            buffers.push_back(f->getArg(i + 1));
    }

    void check_ranks();
    void bind();
    void answer(size_t i);
    static Value* has_no_memory(Builder& b, Value* buffer);

  private:
    static Value* at(Builder& b, Value* base, size_t offset) {
        return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset);
    }
    Value* dimension(size_t buffer, int d, size_t member) {
        Value* dims = b.CreateLoad(b.getPtrTy(), at(b, buffers[buffer], offsetof(HalideBuffer, dim)));
        const int place = abi.buffers[buffer].halide_dimension(d);
        return at(b, dims, sizeof(HalideDimension) * static_cast<size_t>(place) + member);
    }
    Value* wide(Value* address) {
        return b.CreateSExt(b.CreateLoad(b.getInt32Ty(), address), b.getInt64Ty());
    }
    Value* value_at(const SizePlace& p) {
        return wide(dimension(p.buffer, p.dimension,
                              p.is_min ? offsetof(HalideDimension, min) : offsetof(HalideDimension, extent)));
    }
    void put(Value* address, Value* x) { b.CreateStore(b.CreateTrunc(x, b.getInt32Ty()), address); }
    std::string about(const BufferArgument& a) {
        return printf_text(abi.name + ": buffer " + a.tensor.symbol.name());
    }

    FunctionEmitter& e;
    Builder& b;
    const Abi& abi;
    llvm::Function* function;
    std::vector<Value*> buffers;
};

Value* BoundsQuery::has_no_memory(Builder& b, Value* buffer) {
    Value* host = b.CreateLoad(b.getInt64Ty(), at(b, buffer, offsetof(HalideBuffer, host)));
    Value* device = b.CreateLoad(b.getInt64Ty(), at(b, buffer, offsetof(HalideBuffer, device)));
    return b.CreateICmpEQ(b.CreateOr(host, device), b.getInt64(0));
}

/// Each buffer brings the array that its dimensions are written to.
void BoundsQuery::check_ranks() {
    std::vector<Check> checks;
    for (size_t i = 0; i < buffers.size(); ++i) {
        const BufferArgument& a = abi.buffers[i];
        if (a.halide_rank() == 0) continue;
        Value* rank = wide(at(b, buffers[i], offsetof(HalideBuffer, dimensions)));
        Value* dims = b.CreateLoad(b.getPtrTy(), at(b, buffers[i], offsetof(HalideBuffer, dim)));
        Value* right = b.CreateICmpEQ(rank, b.getInt64(static_cast<uint64_t>(a.halide_rank())));
        checks.push_back({b.CreateAnd(right, b.CreateIsNotNull(dims)),
                          ErrorCode::bad_rank,
                          fmt::format("{} has %lld dimensions, but its bounds need an array of {}", about(a),
                                      a.halide_rank()),
                          {rank}});
    }
    e.check(checks);
}

void BoundsQuery::bind() {
    for (const BoundSize& s : abi.sizes) {
        Value* size = b.getInt64(0);
        for (const SizePlace& p : s.places) {
            Value* given = value_at(p);
            size = b.CreateSelect(b.CreateICmpSGT(given, size), given, size);
        }
        for (auto p = s.places.rbegin(); p != s.places.rend(); ++p) {
            size = b.CreateSelect(has_no_memory(b, buffers[p->buffer]), size, value_at(*p));
        }
        e.bind(s.symbol, size);
    }
    for (size_t i = 0; i < abi.scalars.size(); ++i)
        if (abi.scalars[i].machine.is_index())
            e.bind(abi.scalars[i].symbol, function->getArg(static_cast<unsigned>(1 + buffers.size() + i)));
}

void BoundsQuery::answer(size_t i) {
    const BufferArgument& a = abi.buffers[i];
    std::vector<std::pair<Value*, Value*>> dims; ///< min and extent, outermost first
    std::vector<Check> checks;
    Value* elements = b.getInt64(static_cast<uint64_t>(std::max(a.limbs, 1)));
    std::vector<Value*> strides(a.tensor.dims.size());
    const auto fits = [&](Value* x) {
        return b.CreateICmpEQ(x, b.CreateSExt(b.CreateTrunc(x, b.getInt32Ty()), b.getInt64Ty()));
    };
    for (const Dim& d : a.tensor.dims)
        dims.emplace_back(e.value(d.min), e.value(d.extent));
    for (size_t d = dims.size(); d-- > 0;) {
        Value* ok = b.CreateAnd(b.CreateAnd(fits(dims[d].first), fits(dims[d].second)), fits(elements));
        checks.push_back({ok,
                          ErrorCode::constraint_violated,
                          fmt::format("{}: dimension {} would have extent %lld and stride %lld, which "
                                      "halide_buffer_t does not hold",
                                      about(a), d),
                          {dims[d].second, elements}});
        strides[d] = elements;
        elements = b.CreateMul(elements, dims[d].second);
    }
    e.check(checks);
    auto* store = llvm::BasicBlock::Create(b.getContext(), "answer", function);
    auto* after = llvm::BasicBlock::Create(b.getContext(), "answered", function);
    b.CreateCondBr(has_no_memory(b, buffers[i]), store, after);
    b.SetInsertPoint(store);
    const size_t type = offsetof(HalideBuffer, type);
    b.CreateStore(b.getInt8(a.element.code), at(b, buffers[i], type + offsetof(HalideType, code)));
    b.CreateStore(b.getInt8(a.element.bits), at(b, buffers[i], type + offsetof(HalideType, bits)));
    b.CreateStore(b.getInt16(1), at(b, buffers[i], type + offsetof(HalideType, lanes)));
    const auto fill = [&](int d, Value* min, Value* extent, Value* stride) {
        put(dimension(i, d, offsetof(HalideDimension, min)), min);
        put(dimension(i, d, offsetof(HalideDimension, extent)), extent);
        put(dimension(i, d, offsetof(HalideDimension, stride)), stride);
    };
    for (size_t d = 0; d < dims.size(); ++d)
        fill(static_cast<int>(d), dims[d].first, dims[d].second, strides[d]);
    if (a.limbs) fill(a.rank(), b.getInt64(0), b.getInt64(static_cast<uint64_t>(a.limbs)), b.getInt64(1));
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

} // namespace

void answer_bounds_query(Unit& unit, FunctionEmitter& emitter, const Abi& abi, llvm::Function* caller) {
    if (abi.buffers.empty()) return;
    // A function of its own: what it computes is no use to the rest.
    llvm::Function* query = unit.function(abi.name + "_bounds", caller->getFunctionType(), false);
    FunctionEmitter inside(unit, query, query->getArg(0));
    BoundsQuery q(inside, abi, query);
    q.check_ranks();
    q.bind();
    for (size_t i = 0; i < abi.buffers.size(); ++i)
        q.answer(i);
    inside.finish();

    Builder& b = emitter.builder();
    Value* any = b.getFalse();
    for (unsigned i = 0; i < abi.buffers.size(); ++i)
        any = b.CreateOr(any, BoundsQuery::has_no_memory(b, caller->getArg(i + 1)));
    auto* asked = llvm::BasicBlock::Create(b.getContext(), "bounds_query", caller);
    auto* run = llvm::BasicBlock::Create(b.getContext(), "run", caller);
    b.CreateCondBr(any, asked, run);
    b.SetInsertPoint(asked);
    std::vector<Value*> arguments;
    for (llvm::Argument& a : caller->args())
        arguments.push_back(&a);
    b.CreateRet(b.CreateCall(query, arguments));
    b.SetInsertPoint(run);
}

} // namespace lathe::codegen
