#include "bounds_query.h"

#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "lathe/ir/text.h"

#include <algorithm>
#include <cstddef>

namespace lathe::codegen {

using llvm::Value;

namespace {

/// What the query returns when it is none.
constexpr int32_t is_a_call = 1;

/// In which order buffers say what sizes are. The last may only say that they are empty.
enum Source : uint8_t { with_memory, given_output, given_input, empty_output, empty_input, sources };

class BoundsQuery {
  public:
    BoundsQuery(FunctionEmitter& emitter, const Abi& a, llvm::Function* f)
        : e(emitter), b(emitter.builder()), abi(a), function(f) {}

    void check_ranks();
    void load();
    void solve();
    void return_if_call();
    void check();
    void answer();
    static Value* has_no_memory(Builder& b, Value* buffer);

  private:
    struct Dimension {
        Value *min, *extent, *stride;
        Value *needed_min = nullptr, *needed_extent = nullptr;
    };
    struct Buffer {
        const BufferArgument& argument;
        Value *pointer, *dims, *memory, *source;
        std::vector<Dimension> dimensions; ///< of the tensor, then of the limbs
    };
    struct Unknown {
        Value* value = nullptr;  ///< where it is kept; 0 before it is solved
        Value* source = nullptr; ///< where it is kept what it was solved from; `sources` before
    };
    /// given = constant + Σ coefficient·size
    struct Equation {
        const Buffer& from;
        Value* given;
        Linear sum;
    };

    static Value* at(Builder& b, Value* base, size_t offset) {
        return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset);
    }
    static size_t place(const BufferArgument& a, int d) {
        return sizeof(HalideDimension) * static_cast<size_t>(a.halide_dimension(d));
    }
    Value* wide(Value* address) {
        return b.CreateSExt(b.CreateLoad(b.getInt32Ty(), address), b.getInt64Ty());
    }
    Value* number(int64_t x) { return b.getInt64(static_cast<uint64_t>(x)); }
    Value* kept(Value* place) { return b.CreateLoad(b.getInt64Ty(), place); }
    Value* source_of(const Buffer& f);
    std::vector<Equation> equations();
    void solve_from(const Equation& q, Value* now);
    Value* says_that_it_is_empty(const Buffer& f);
    void check_sizes();
    void check_given(const Buffer& f);
    void check_answer(const Buffer& f);
    void answer(const Buffer& f);
    std::string about(const BufferArgument& a) {
        return printf_text(abi.name + ": buffer " + a.tensor.symbol.name());
    }
    std::string about(const BufferArgument& a, size_t d) {
        return fmt::format("{}: dimension {} (halide_buffer_t's {})", about(a), d,
                           a.halide_dimension(static_cast<int>(d)));
    }

    FunctionEmitter& e;
    Builder& b;
    const Abi& abi;
    llvm::Function* function;
    std::vector<Buffer> buffers;
    std::map<Symbol, Unknown> unknowns;
    std::vector<Check> checks;
};

Value* BoundsQuery::has_no_memory(Builder& b, Value* buffer) {
    Value* host = b.CreateLoad(b.getInt64Ty(), at(b, buffer, offsetof(HalideBuffer, host)));
    Value* device = b.CreateLoad(b.getInt64Ty(), at(b, buffer, offsetof(HalideBuffer, device)));
    return b.CreateICmpEQ(b.CreateOr(host, device), b.getInt64(0));
}

/// Each buffer brings the array that its dimensions are written to.
void BoundsQuery::check_ranks() {
    for (unsigned i = 0; i < abi.buffers.size(); ++i) {
        const BufferArgument& a = abi.buffers[i];
        if (a.halide_rank() == 0) continue;
        Value* buffer = function->getArg(i + 1);
        Value* rank = wide(at(b, buffer, offsetof(HalideBuffer, dimensions)));
        Value* dims = b.CreateLoad(b.getPtrTy(), at(b, buffer, offsetof(HalideBuffer, dim)));
        Value* right = b.CreateICmpEQ(rank, number(a.halide_rank()));
        checks.push_back({b.CreateAnd(right, b.CreateIsNotNull(dims)),
                          ErrorCode::bad_rank,
                          fmt::format("{} has %lld dimensions, but its bounds need an array of {}", about(a),
                                      a.halide_rank()),
                          {rank}});
    }
    e.check(checks);
    checks.clear();
}

void BoundsQuery::load() {
    for (unsigned i = 0; i < abi.buffers.size(); ++i) {
        const BufferArgument& a = abi.buffers[i];
        Buffer f{a, function->getArg(i + 1), nullptr, nullptr, nullptr, {}};
        f.dims = b.CreateLoad(b.getPtrTy(), at(b, f.pointer, offsetof(HalideBuffer, dim)));
        f.memory = b.CreateNot(has_no_memory(b, f.pointer));
        for (int d = 0; d < a.halide_rank(); ++d) {
            const auto member = [&](size_t offset) { return wide(at(b, f.dims, place(a, d) + offset)); };
            f.dimensions.push_back({member(offsetof(HalideDimension, min)),
                                    member(offsetof(HalideDimension, extent)),
                                    member(offsetof(HalideDimension, stride))});
        }
        f.source = source_of(f);
        buffers.push_back(std::move(f));
    }
}

Value* BoundsQuery::source_of(const Buffer& f) {
    Value* given = b.getFalse();
    for (size_t d = 0; d < f.argument.tensor.dims.size(); ++d)
        given = b.CreateOr(given, b.CreateICmpSGT(f.dimensions[d].extent, number(0)));
    const bool output = f.argument.written();
    Value* without = b.CreateSelect(given, number(output ? given_output : given_input),
                                    number(output ? empty_output : empty_input));
    return b.CreateSelect(f.memory, number(with_memory), without);
}

std::vector<BoundsQuery::Equation> BoundsQuery::equations() {
    constexpr int64_t most = INT32_MAX; // extents have 32 bits
    std::vector<Equation> all;
    const auto add = [&](const Buffer& f, const Expr& needed, Value* given) {
        auto sum = as_linear(needed);
        if (!sum) return;
        bool unknown = false, small = abs(sum->constant) <= most;
        for (const auto& [symbol, coefficient] : sum->coefficients) {
            unknown |= unknowns.contains(symbol);
            small &= abs(coefficient) <= most;
        }
        if (unknown && small) all.push_back({f, given, std::move(*sum)});
    };
    for (const Buffer& f : buffers)
        for (size_t d = 0; d < f.argument.tensor.dims.size(); ++d) {
            add(f, f.argument.tensor.dims[d].extent, f.dimensions[d].extent);
            add(f, f.argument.tensor.dims[d].min, f.dimensions[d].min);
        }
    return all;
}

/// Solves the equation where its buffer may speak by now and one of its sizes is unknown.
void BoundsQuery::solve_from(const Equation& q, Value* now) {
    Value *rest = b.CreateSub(q.given, number(q.sum.constant.get_si())), *count = number(0);
    int sizes = 0;
    for (const auto& [symbol, coefficient] : q.sum.coefficients) {
        const auto u = unknowns.find(symbol);
        Value* x = u == unknowns.end() ? e.value(Variable::make(symbol, IndexType())) : kept(u->second.value);
        rest = b.CreateSub(rest, b.CreateMul(number(coefficient.get_si()), x));
        if (u == unknowns.end()) continue;
        Value* unsolved = b.CreateICmpEQ(kept(u->second.source), number(sources));
        count = b.CreateAdd(count, b.CreateZExt(unsolved, b.getInt64Ty()));
        ++sizes;
    }
    Value* solvable = b.CreateAnd(b.CreateICmpULE(q.from.source, now), b.CreateICmpEQ(count, number(1)));
    // An output of extent 0 may mean that or nothing: as the extent of a size alone it does no harm.
    if (sizes > 1) solvable = b.CreateAnd(solvable, b.CreateICmpNE(q.from.source, number(empty_output)));
    for (const auto& [symbol, coefficient] : q.sum.coefficients) {
        const auto u = unknowns.find(symbol);
        if (u == unknowns.end()) continue;
        Value* source = kept(u->second.source);
        Value* here = b.CreateAnd(solvable, b.CreateICmpEQ(source, number(sources)));
        // Where it leaves a remainder the buffer does not fit, which is found out afterwards.
        Value* x = b.CreateSDiv(rest, number(coefficient.get_si()));
        b.CreateStore(b.CreateSelect(here, x, kept(u->second.value)), u->second.value);
        b.CreateStore(b.CreateSelect(here, now, source), u->second.source);
    }
}

void BoundsQuery::solve() {
    for (size_t i = 0; i < abi.scalars.size(); ++i)
        if (abi.scalars[i].machine.is_index())
            e.bind(abi.scalars[i].symbol, function->getArg(static_cast<unsigned>(1 + buffers.size() + i)));
    llvm::BasicBlock& entry = function->getEntryBlock();
    for (const BoundSize& s : abi.sizes) {
        Builder first(&entry, entry.begin());
        Unknown u{first.CreateAlloca(b.getInt64Ty()), first.CreateAlloca(b.getInt64Ty())};
        b.CreateStore(number(0), u.value);
        b.CreateStore(number(sources), u.source);
        unknowns.emplace(s.symbol, u);
    }
    const std::vector<Equation> all = equations();
    if (!all.empty()) {
        // As many rounds for each kind of source as there are sizes: each may make the next one solvable.
        const auto rounds = static_cast<int64_t>(abi.sizes.size());
        llvm::BasicBlock* before = b.GetInsertBlock();
        auto* round = llvm::BasicBlock::Create(b.getContext(), "round", function);
        auto* solved = llvm::BasicBlock::Create(b.getContext(), "solved", function);
        b.CreateBr(round);
        b.SetInsertPoint(round);
        llvm::PHINode* n = b.CreatePHI(b.getInt64Ty(), 2);
        n->addIncoming(number(0), before);
        Value* now = b.CreateUDiv(n, number(rounds));
        for (const Equation& q : all)
            solve_from(q, now);
        Value* next = b.CreateAdd(n, number(1));
        n->addIncoming(next, b.GetInsertBlock());
        b.CreateCondBr(b.CreateICmpULT(next, number(rounds * sources)), round, solved);
        b.SetInsertPoint(solved);
    }
    for (const auto& [symbol, u] : unknowns)
        e.bind(symbol, kept(u.value));
    for (Buffer& f : buffers) {
        for (size_t d = 0; d < f.argument.tensor.dims.size(); ++d) {
            f.dimensions[d].needed_min = e.value(f.argument.tensor.dims[d].min);
            f.dimensions[d].needed_extent = e.value(f.argument.tensor.dims[d].extent);
        }
        if (f.argument.limbs == 0) continue;
        f.dimensions.back().needed_min = number(0);
        f.dimensions.back().needed_extent = number(f.argument.limbs);
    }
}

Value* BoundsQuery::says_that_it_is_empty(const Buffer& f) {
    Value *empty = b.getFalse(), *right = b.getTrue();
    for (const Dimension& d : f.dimensions) {
        empty = b.CreateOr(empty, b.CreateICmpEQ(d.extent, number(0)));
        right = b.CreateAnd(right, b.CreateICmpEQ(d.min, d.needed_min));
        right = b.CreateAnd(right, b.CreateICmpEQ(d.extent, d.needed_extent));
    }
    const auto is = [&](size_t offset, int bits, uint64_t x) {
        auto* type = b.getIntNTy(static_cast<unsigned>(bits));
        Value* v = b.CreateLoad(type, at(b, f.pointer, offsetof(HalideBuffer, type) + offset));
        right = b.CreateAnd(right, b.CreateICmpEQ(v, llvm::ConstantInt::get(type, x)));
    };
    is(offsetof(HalideType, code), 8, f.argument.element.code);
    is(offsetof(HalideType, bits), 8, f.argument.element.bits);
    is(offsetof(HalideType, lanes), 16, 1);
    if (f.argument.halide_rank() > 0)
        right = b.CreateAnd(right, b.CreateICmpEQ(f.dimensions.back().stride, number(1)));
    return b.CreateAnd(empty, right);
}

void BoundsQuery::return_if_call() {
    Value *any = b.getFalse(), *all = b.getTrue();
    for (const Buffer& f : buffers) {
        any = b.CreateOr(any, f.memory);
        all = b.CreateAnd(all, b.CreateOr(f.memory, says_that_it_is_empty(f)));
    }
    auto* call = llvm::BasicBlock::Create(b.getContext(), "call", function);
    auto* asked = llvm::BasicBlock::Create(b.getContext(), "asked", function);
    b.CreateCondBr(b.CreateAnd(any, all), call, asked);
    b.SetInsertPoint(call);
    b.CreateRet(b.getInt32(is_a_call));
    b.SetInsertPoint(asked);
}

void BoundsQuery::check_sizes() {
    for (const BoundSize& s : abi.sizes) {
        const SizePlace& p = s.places.front();
        const Unknown& u = unknowns.at(s.symbol);
        const std::string name = printf_text(s.symbol.name());
        checks.push_back(
            {b.CreateICmpULT(kept(u.source), number(empty_input)), ErrorCode::constraint_violated,
             fmt::format("{0} {1} {2}, which no buffer with memory or with dimensions tells: give "
                         "this buffer its dimensions, or memory",
                         about(abi.buffers[p.buffer], static_cast<size_t>(p.dimension)),
                         p.is_min ? "begins at" : "has the extent", name)});
        checks.push_back({b.CreateICmpSGE(kept(u.value), number(0)), ErrorCode::requirement_failed,
                          printf_text(fmt::format("the size {} is negative", s.symbol.name()))});
    }
}

/// What the caller stated, as opposed to asked for, must fit.
void BoundsQuery::check_given(const Buffer& f) {
    Value* asked = b.CreateICmpUGT(f.source, number(given_output));
    for (size_t d = 0; d < f.dimensions.size(); ++d) {
        const Dimension& x = f.dimensions[d];
        const bool limbs = d == f.argument.tensor.dims.size();
        const std::string why =
            limbs ? std::string() : fmt::format(" ({})", print(f.argument.tensor.dims[d].extent));
        checks.push_back({b.CreateOr(asked, b.CreateICmpEQ(x.extent, x.needed_extent)),
                          ErrorCode::constraint_violated,
                          about(f.argument, d) + " has extent %lld, but %lld is needed" + printf_text(why),
                          {x.extent, x.needed_extent}});
        checks.push_back({b.CreateOr(asked, b.CreateICmpEQ(x.min, x.needed_min)),
                          ErrorCode::constraint_violated,
                          about(f.argument, d) + " begins at %lld, but must at %lld",
                          {x.min, x.needed_min}});
    }
}

/// A halide_buffer_t must be able to hold the answer.
void BoundsQuery::check_answer(const Buffer& f) {
    const auto fits = [&](Value* x) {
        return b.CreateICmpEQ(x, b.CreateSExt(b.CreateTrunc(x, b.getInt32Ty()), b.getInt64Ty()));
    };
    const size_t rank = f.argument.tensor.dims.size();
    Value* stride = number(std::max(f.argument.limbs, 1));
    for (size_t d = rank; d-- > 0;) {
        const Dimension& x = f.dimensions[d];
        checks.push_back({b.CreateOr(f.memory, b.CreateICmpSGE(x.needed_extent, number(0))),
                          ErrorCode::negative_extent,
                          about(f.argument, d) + " would have the negative extent %lld",
                          {x.needed_extent}});
        Value* ok = b.CreateAnd(b.CreateAnd(fits(x.needed_min), fits(x.needed_extent)), fits(stride));
        checks.push_back({b.CreateOr(f.memory, ok),
                          ErrorCode::constraint_violated,
                          fmt::format("{}: dimension {} would have extent %lld and stride %lld, which "
                                      "halide_buffer_t does not hold",
                                      about(f.argument), d),
                          {x.needed_extent, stride}});
        stride = b.CreateMul(stride, x.needed_extent);
    }
}

void BoundsQuery::check() {
    check_sizes();
    for (const Buffer& f : buffers)
        check_given(f);
    for (const Buffer& f : buffers)
        check_answer(f);
    e.check(checks);
}

void BoundsQuery::answer(const Buffer& f) {
    auto* store = llvm::BasicBlock::Create(b.getContext(), "answer", function);
    auto* after = llvm::BasicBlock::Create(b.getContext(), "answered", function);
    b.CreateCondBr(f.memory, after, store);
    b.SetInsertPoint(store);
    const BufferArgument& a = f.argument;
    const size_t type = offsetof(HalideBuffer, type);
    b.CreateStore(b.getInt8(a.element.code), at(b, f.pointer, type + offsetof(HalideType, code)));
    b.CreateStore(b.getInt8(a.element.bits), at(b, f.pointer, type + offsetof(HalideType, bits)));
    b.CreateStore(b.getInt16(1), at(b, f.pointer, type + offsetof(HalideType, lanes)));
    Value* stride = number(1);
    for (int d = a.halide_rank(); d-- > 0;) {
        const Dimension& x = f.dimensions[static_cast<size_t>(d)];
        const auto put = [&](size_t member, Value* v) {
            b.CreateStore(b.CreateTrunc(v, b.getInt32Ty()), at(b, f.dims, place(a, d) + member));
        };
        put(offsetof(HalideDimension, min), x.needed_min);
        put(offsetof(HalideDimension, extent), x.needed_extent);
        put(offsetof(HalideDimension, stride), stride);
        stride = b.CreateMul(stride, x.needed_extent);
    }
    b.CreateBr(after);
    b.SetInsertPoint(after);
}

void BoundsQuery::answer() {
    for (const Buffer& f : buffers)
        answer(f);
}

} // namespace

void answer_bounds_query(Unit& unit, FunctionEmitter& emitter, const Abi& abi, llvm::Function* caller) {
    if (abi.buffers.empty()) return;
    // A function of its own: what it computes is no use to the rest.
    llvm::Function* query = unit.function(abi.name + "_bounds", caller->getFunctionType(), false);
    FunctionEmitter inside(unit, query, query->getArg(0));
    BoundsQuery q(inside, abi, query);
    q.check_ranks();
    q.load();
    q.solve();
    q.return_if_call();
    q.check();
    q.answer();
    inside.finish();

    Builder& b = emitter.builder();
    Value* any = b.getFalse();
    for (unsigned i = 0; i < abi.buffers.size(); ++i)
        any = b.CreateOr(any, BoundsQuery::has_no_memory(b, caller->getArg(i + 1)));
    const auto block = [&](const char* name) {
        return llvm::BasicBlock::Create(b.getContext(), name, caller);
    };
    auto *asked = block("bounds_query"), *answered = block("answered"), *run = block("run");
    b.CreateCondBr(any, asked, run);
    b.SetInsertPoint(asked);
    std::vector<Value*> arguments;
    for (llvm::Argument& a : caller->args())
        arguments.push_back(&a);
    Value* code = b.CreateCall(query, arguments);
    b.CreateCondBr(b.CreateICmpEQ(code, b.getInt32(is_a_call)), run, answered);
    b.SetInsertPoint(answered);
    b.CreateRet(code);
    b.SetInsertPoint(run);
}

} // namespace lathe::codegen
