#include "entry.h"

#include "bounds_query.h"
#include "emit.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/print.h"
#include "lathe/ir/text.h"
#include "lathe/ir/visit.h"
#include "metadata.h"

#include <algorithm>
#include <cstddef>

namespace lathe::codegen {

using llvm::Value;

namespace {

/// Emits the checks of one function's arguments, and tells the emitter where everything lies.
class Entry {
  public:
    Entry(Unit& unit, FunctionEmitter& emitter, const Abi& abi, std::vector<Value*> pointers)
        : unit(unit), e(emitter), b(emitter.builder()), abi(abi), pointers(std::move(pointers)) {}

    void check_pointers();
    /// What a C caller may get wrong before there is a shape.
    void check_headers();
    void load_fields();
    void bind_scalar(const ScalarArgument& s, Value* passed);
    void bind_buffers();

  private:
    struct Dimension {
        Value *min, *extent, *stride; ///< as 64-bit integers
    };
    struct Fields {
        Value* host;
        std::vector<Dimension> dims; ///< in the tensor's order, the limbs' dimension last
    };
    struct Range {
        Value *low, *high, *empty;
    };

    void header(const BufferArgument& a, Value* pointer);
    void shape(const BufferArgument& a, const Fields& f);
    void not_negative(const Symbol& size, Value* x);
    void limbs(const BufferArgument& a, const Dimension& d);
    void place(const BufferArgument& a, const Fields& f);
    Range range(const BufferArgument& a, const Fields& f);
    void overlaps_itself(const BufferArgument& a, const Fields& f);
    void overlaps();
    llvm::Function* find_overlap(llvm::Type* table);
    void check(Value* ok, ErrorCode code, std::string format, std::vector<Value*> arguments = {}) {
        checks.push_back({ok, code, std::move(format), std::move(arguments)});
    }
    void flush() {
        e.check(checks);
        checks.clear();
    }
    Value* field(Value* base, size_t offset, llvm::Type* type);
    Value* field64(Value* base, size_t offset) {
        return b.CreateSExt(field(base, offset, b.getInt32Ty()), b.getInt64Ty());
    }
    Value* unsigned_field64(Value* base, size_t offset, llvm::Type* type) {
        return b.CreateZExt(field(base, offset, type), b.getInt64Ty());
    }
    Value* is(Value* x, int64_t i) {
        return b.CreateICmpEQ(x, llvm::ConstantInt::getSigned(x->getType(), i));
    }
    /// x == y, where the same value certainly is.
    Value* same(Value* x, Value* y) { return x == y ? b.getTrue() : b.CreateICmpEQ(x, y); }
    std::string about(const BufferArgument& a) {
        return printf_text(abi.name + ": buffer " + a.tensor.symbol.name());
    }
    std::string about(const BufferArgument& a, size_t d) {
        return fmt::format("{}: dimension {} (halide_buffer_t's {})", about(a), d,
                           a.halide_dimension(static_cast<int>(d)));
    }

    Unit& unit;
    FunctionEmitter& e;
    Builder& b;
    const Abi& abi;
    std::vector<Value*> pointers;
    std::vector<Fields> fields;
    std::vector<Check> checks; ///< not emitted yet
};

Value* Entry::field(Value* base, size_t offset, llvm::Type* type) {
    return b.CreateLoad(type, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), base, offset));
}

void Entry::check_pointers() {
    for (size_t i = 0; i < pointers.size(); ++i)
        check(b.CreateIsNotNull(pointers[i]), ErrorCode::null_buffer,
              about(abi.buffers[i]) + " is a null pointer");
    flush();
}

void Entry::check_headers() {
    for (size_t i = 0; i < pointers.size(); ++i)
        header(abi.buffers[i], pointers[i]);
    flush();
}

void Entry::header(const BufferArgument& a, Value* p) {
    // Without memory anywhere it is empty: else the call was a bounds query.
    Value* has_host = b.CreateIsNotNull(field(p, offsetof(HalideBuffer, host), b.getPtrTy()));
    Value* nowhere = is(field(p, offsetof(HalideBuffer, device), b.getInt64Ty()), 0);
    check(b.CreateOr(has_host, nowhere), ErrorCode::null_host,
          about(a) + " has no memory on the host: copy it from the device first");
    constexpr uint64_t device_dirty = 2;
    Value* flags = field(p, offsetof(HalideBuffer, flags), b.getInt64Ty());
    check(is(b.CreateAnd(flags, device_dirty), 0), ErrorCode::device_dirty,
          about(a) + " is newer on the device: copy it to the host first");

    constexpr size_t type = offsetof(HalideBuffer, type);
    Value* code = unsigned_field64(p, type + offsetof(HalideType, code), b.getInt8Ty());
    Value* bits = unsigned_field64(p, type + offsetof(HalideType, bits), b.getInt8Ty());
    Value* lanes = unsigned_field64(p, type + offsetof(HalideType, lanes), b.getInt16Ty());
    Value* right = b.CreateAnd(b.CreateAnd(is(code, a.element.code), is(bits, a.element.bits)), is(lanes, 1));
    check(
        right, ErrorCode::bad_type,
        fmt::format(
            "{} has elements of type code %lld, %lld bits, %lld lanes, but {} needs code {}, {} bits, 1 lane",
            about(a), a.type.str(), a.element.code, a.element.bits),
        {code, bits, lanes});
    Value* rank = field64(p, offsetof(HalideBuffer, dimensions));
    check(is(rank, a.halide_rank()), ErrorCode::bad_rank,
          fmt::format("{} has %lld dimensions, but {} are needed{}", about(a), a.halide_rank(),
                      a.limbs ? " (the first for the 64-bit limbs of an element)" : ""),
          {rank});
    if (a.halide_rank() > 0)
        check(b.CreateIsNotNull(field(p, offsetof(HalideBuffer, dim), b.getPtrTy())), ErrorCode::bad_rank,
              about(a) + " has no array of dimensions (dim is a null pointer)");
}

void Entry::load_fields() {
    for (size_t i = 0; i < pointers.size(); ++i) {
        const BufferArgument& a = abi.buffers[i];
        Fields f;
        f.host = field(pointers[i], offsetof(HalideBuffer, host), b.getPtrTy());
        Value* dims =
            a.halide_rank() > 0 ? field(pointers[i], offsetof(HalideBuffer, dim), b.getPtrTy()) : nullptr;
        for (int d = 0; d < a.halide_rank(); ++d) {
            const size_t at = sizeof(HalideDimension) * static_cast<size_t>(a.halide_dimension(d));
            f.dims.push_back({field64(dims, at + offsetof(HalideDimension, min)),
                              field64(dims, at + offsetof(HalideDimension, extent)),
                              field64(dims, at + offsetof(HalideDimension, stride))});
        }
        fields.push_back(std::move(f));
    }
    for (const BoundSize& s : abi.sizes) {
        const SizePlace& at = s.places.front();
        const Dimension& d = fields[at.buffer].dims[static_cast<size_t>(at.dimension)];
        if (at.is_min) not_negative(s.symbol, d.min);
        e.bind(s.symbol, at.is_min ? d.min : d.extent);
    }
}

/// Lowering takes sizes to be non-negative, and drops the algorithm's own check.
void Entry::not_negative(const Symbol& size, Value* x) {
    check(b.CreateICmpSGE(x, b.getInt64(0)), ErrorCode::requirement_failed,
          printf_text(fmt::format("the size {} is negative", size.name())));
}

void Entry::bind_buffers() {
    for (size_t i = 0; i < fields.size(); ++i)
        shape(abi.buffers[i], fields[i]);
    for (size_t i = 0; i < fields.size(); ++i)
        overlaps_itself(abi.buffers[i], fields[i]);
    // The search reads what has been checked.
    flush();
    overlaps();
    flush();
    for (size_t i = 0; i < fields.size(); ++i)
        place(abi.buffers[i], fields[i]);
}

void Entry::limbs(const BufferArgument& a, const Dimension& d) {
    Value* right = b.CreateAnd(b.CreateAnd(is(d.extent, a.limbs), is(d.stride, 1)), is(d.min, 0));
    check(right, ErrorCode::constraint_violated,
          fmt::format("{}: halide_buffer_t's dimension 0 holds the limbs of {}: it must have min 0, extent "
                      "{} and stride "
                      "1, not min %lld, extent %lld and stride %lld",
                      about(a), a.type.str(), a.limbs),
          {d.min, d.extent, d.stride});
}

void Entry::shape(const BufferArgument& a, const Fields& f) {
    const auto rank = static_cast<size_t>(a.rank());
    if (a.limbs) limbs(a, f.dims[rank]);
    for (size_t d = 0; d < rank; ++d) {
        const Dim& needed = a.tensor.dims[d];
        Value *min = e.value(needed.min), *extent = e.value(needed.extent);
        const Dimension& given = f.dims[d];
        check(b.CreateICmpSGE(given.extent, b.getInt64(0)), ErrorCode::negative_extent,
              about(a, d) + " has the negative extent %lld", {given.extent});
        check(same(given.extent, extent), ErrorCode::constraint_violated,
              about(a, d) + " has extent %lld, but %lld is needed (" + printf_text(print(needed.extent)) +
                  ")",
              {given.extent, extent});
        check(same(given.min, min), ErrorCode::constraint_violated,
              about(a, d) + " begins at %lld, but must at %lld", {given.min, min});
    }
    if (rank == 0) return;
    const int unit = std::max(a.limbs, 1);
    check(is(f.dims[rank - 1].stride, unit), ErrorCode::constraint_violated,
          fmt::format("{} has stride %lld, but must have stride {}", about(a, rank - 1), unit),
          {f.dims[rank - 1].stride});
}

void Entry::place(const BufferArgument& a, const Fields& f) {
    const auto rank = static_cast<size_t>(a.rank());
    Place p{a.tensor.type, f.host, {}, {}, {}};
    for (size_t d = 0; d < rank; ++d) {
        // The innermost stride has just been checked: as a constant it makes accesses dense.
        Value* unit = b.getInt64(static_cast<uint64_t>(std::max(a.limbs, 1)));
        p.strides.push_back(d + 1 == rank ? unit : f.dims[d].stride);
        p.mins.push_back(e.value(a.tensor.dims[d].min));
    }
    e.bind(a.tensor.symbol, std::move(p));
}

/// In 128 bits: an extent and a stride have 32 bits each, and an element may have more than a byte.
Entry::Range Entry::range(const BufferArgument& a, const Fields& f) {
    llvm::Type* wide = b.getInt128Ty();
    Value* bytes = llvm::ConstantInt::get(wide, static_cast<uint64_t>(a.element.bits + 7) / 8);
    Value* start = b.CreatePtrToInt(f.host, wide);
    Value* none = llvm::ConstantInt::get(wide, 0);
    Range r{start, b.CreateAdd(start, bytes), b.getFalse()};
    for (const Dimension& d : f.dims) {
        Value* last = b.CreateSExt(b.CreateSub(d.extent, b.getInt64(1)), wide);
        Value* reach = b.CreateMul(b.CreateMul(last, b.CreateSExt(d.stride, wide)), bytes);
        Value* back = b.CreateICmpSLT(d.stride, b.getInt64(0));
        r.low = b.CreateAdd(r.low, b.CreateSelect(back, reach, none));
        r.high = b.CreateAdd(r.high, b.CreateSelect(back, none, reach));
        r.empty = b.CreateOr(r.empty, is(d.extent, 0));
    }
    return r;
}

/// A dimension's steps must lead over all that the dimensions with smaller steps reach.
void Entry::overlaps_itself(const BufferArgument& a, const Fields& f) {
    if (!a.written() || a.rank() < 2) return;
    std::vector<Value*> steps, reaches;
    Value *apart = b.getTrue(), *empty = b.getFalse();
    for (const Dimension& d : f.dims) {
        steps.push_back(b.CreateBinaryIntrinsic(llvm::Intrinsic::abs, d.stride, b.getFalse()));
        reaches.push_back(b.CreateMul(b.CreateSub(d.extent, b.getInt64(1)), steps.back()));
        empty = b.CreateOr(empty, is(d.extent, 0));
    }
    for (size_t i = 0; i < steps.size(); ++i) {
        Value* reach = b.getInt64(0);
        for (size_t j = 0; j < steps.size(); ++j)
            if (j != i)
                reach = b.CreateAdd(
                    reach, b.CreateSelect(b.CreateICmpULE(steps[j], steps[i]), reaches[j], b.getInt64(0)));
        Value* single = b.CreateICmpSLE(f.dims[i].extent, b.getInt64(1));
        apart = b.CreateAnd(apart, b.CreateOr(single, b.CreateICmpUGT(steps[i], reach)));
    }
    check(b.CreateOr(apart, empty), ErrorCode::overlap,
          about(a) + " is written, and its strides let its elements overlap each other");
}

/// A function that looks through a table of ranges: for each buffer its first byte and the one behind its
/// last. It returns i << 32 | j for the first buffer i that is written and overlaps buffer j, or −1. Code for
/// every pair would grow with the square of the buffers.
llvm::Function* Entry::find_overlap(llvm::Type* table) {
    llvm::LLVMContext& context = b.getContext();
    llvm::Function* f = unit.function(abi.name + "_overlap",
                                      llvm::FunctionType::get(b.getInt64Ty(), {b.getPtrTy()}, false), false);
    const auto block = [&](const char* name) { return llvm::BasicBlock::Create(context, name, f); };
    Builder at(block("entry"));
    auto *outer = block("outer"), *inner = block("inner"), *pair = block("pair"),
         *next_inner = block("next_inner"), *next_outer = block("next_outer"), *found = block("found"),
         *none = block("none");
    std::vector<uint8_t> flags;
    for (const BufferArgument& a : abi.buffers)
        flags.push_back(a.written());
    llvm::Constant* written = unit.table(abi.name + "_written", llvm::ConstantDataArray::get(context, flags));
    Value *zero = at.getInt64(0), *one = at.getInt64(1), *count = at.getInt64(flags.size());
    const auto is_written = [&](Value* i) {
        return at.CreateICmpNE(
            at.CreateLoad(at.getInt8Ty(), at.CreateInBoundsGEP(at.getInt8Ty(), written, i)), at.getInt8(0));
    };
    const auto bound = [&](Value* i, uint64_t end) {
        return at.CreateLoad(at.getInt64Ty(),
                             at.CreateInBoundsGEP(table, f->getArg(0), {zero, i, at.getInt64(end)}));
    };
    at.CreateBr(outer);
    at.SetInsertPoint(outer);
    llvm::PHINode* i = at.CreatePHI(at.getInt64Ty(), 2);
    Value *low = bound(i, 0), *high = bound(i, 1);
    at.CreateCondBr(is_written(i), inner, next_outer);
    at.SetInsertPoint(inner);
    llvm::PHINode* j = at.CreatePHI(at.getInt64Ty(), 2);
    // Two that are both written meet once.
    Value* seen = at.CreateAnd(is_written(j), at.CreateICmpULT(j, i));
    at.CreateCondBr(at.CreateOr(seen, at.CreateICmpEQ(i, j)), next_inner, pair);
    at.SetInsertPoint(pair);
    Value* apart = at.CreateOr(at.CreateICmpULE(high, bound(j, 0)), at.CreateICmpULE(bound(j, 1), low));
    at.CreateCondBr(apart, next_inner, found);
    at.SetInsertPoint(next_inner);
    Value* after_j = at.CreateAdd(j, one);
    at.CreateCondBr(at.CreateICmpULT(after_j, count), inner, next_outer);
    at.SetInsertPoint(next_outer);
    Value* after_i = at.CreateAdd(i, one);
    at.CreateCondBr(at.CreateICmpULT(after_i, count), outer, none);
    i->addIncoming(zero, &f->getEntryBlock());
    i->addIncoming(after_i, next_outer);
    j->addIncoming(zero, outer);
    j->addIncoming(after_j, next_inner);
    at.SetInsertPoint(found);
    at.CreateRet(at.CreateOr(at.CreateShl(i, 32), j));
    at.SetInsertPoint(none);
    at.CreateRet(at.getInt64(~uint64_t{0}));
    return f;
}

void Entry::overlaps() {
    const size_t count = fields.size();
    const auto written = [](const BufferArgument& a) { return a.written(); };
    if (count < 2 || std::ranges::none_of(abi.buffers, written)) return;
    llvm::Type* pair = llvm::ArrayType::get(b.getInt64Ty(), 2);
    llvm::Type* type = llvm::ArrayType::get(pair, count);
    llvm::Function* search = find_overlap(type);
    Value* table = e.frame(type, "ranges");
    // What lies beyond the address space overlaps nothing there.
    const auto address = [&](Value* wide) {
        llvm::Type* t = wide->getType();
        Value* most = llvm::ConstantInt::get(t, ~uint64_t{0});
        Value* low = b.CreateBinaryIntrinsic(llvm::Intrinsic::smax, wide, llvm::ConstantInt::get(t, 0));
        return b.CreateTrunc(b.CreateBinaryIntrinsic(llvm::Intrinsic::smin, low, most), b.getInt64Ty());
    };
    std::vector<llvm::Constant*> names;
    for (size_t i = 0; i < count; ++i) {
        const Range r = range(abi.buffers[i], fields[i]);
        const auto put = [&](uint64_t end, Value* x) {
            b.CreateStore(x,
                          b.CreateInBoundsGEP(type, table, {b.getInt64(0), b.getInt64(i), b.getInt64(end)}));
        };
        // An empty one ends before all others, and begins behind them.
        put(0, b.CreateSelect(r.empty, b.getInt64(~uint64_t{0}), address(r.low)));
        put(1, b.CreateSelect(r.empty, b.getInt64(0), address(r.high)));
        names.push_back(unit.text(abi.buffers[i].tensor.symbol.name()));
    }
    auto* list = llvm::ArrayType::get(b.getPtrTy(), count);
    llvm::Constant* texts = unit.table(abi.name + "_buffers", llvm::ConstantArray::get(list, names));
    Value* found = b.CreateCall(search, {table});
    Value* none = is(found, -1);
    const auto name = [&](Value* i) {
        Value* safe = b.CreateSelect(none, b.getInt64(0), i);
        return b.CreateLoad(b.getPtrTy(), b.CreateInBoundsGEP(b.getPtrTy(), texts, safe));
    };
    check(none, ErrorCode::overlap,
          printf_text(abi.name) + ": buffer %s is written, and its memory overlaps that of buffer %s",
          {name(b.CreateLShr(found, 32)), name(b.CreateAnd(found, b.getInt64(UINT32_MAX)))});
}

void Entry::bind_scalar(const ScalarArgument& s, Value* passed) {
    const Type t = s.machine;
    const std::string name = printf_text(abi.name + ": scalar " + s.symbol.name());
    if (is_wide(t)) {
        check(b.CreateIsNotNull(passed), ErrorCode::null_buffer, name + " is a null pointer");
        flush();
        passed = b.CreateAlignedLoad(memory_type(b.getContext(), t), passed, llvm::Align(8));
    }
    Value* x = e.ops().from_memory(t, passed);
    if (is_wide(t))
        check(b.CreateICmpEQ(e.ops().to_memory(t, x), passed), ErrorCode::out_of_range,
              fmt::format("{} has limbs that {} does not hold: extend its {} bits to them", name,
                          s.type.str(), t.width()));
    if (t.is_index()) not_negative(s.symbol, x);
    if (t.is_int() && !is_wide(t) && register_bits(t) != t.width()) {
        const Type container = t.is_signed() ? Int(register_bits(t)) : UInt(register_bits(t));
        Value* wrapped = e.ops().cast(container, t, e.ops().cast(t, container, x));
        Value* shown = t.is_signed() ? b.CreateSExt(x, b.getInt64Ty()) : b.CreateZExt(x, b.getInt64Ty());
        check(b.CreateICmpEQ(x, wrapped), ErrorCode::out_of_range,
              name + " is %lld, which " + s.type.str() + " does not hold", {shown});
    }
    e.bind(s.symbol, x);
}

llvm::Type* passed_type(llvm::LLVMContext& context, Type t) {
    return is_wide(t) ? llvm::PointerType::getUnqual(context) : memory_type(context, t);
}

std::vector<Symbol> all_tensors(const Function& f) {
    std::vector<Symbol> r;
    for (const Argument& a : f.arguments)
        r.push_back(a.tensor.symbol);
    for_each(
        f.body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                for (const Tensor& t : a->tensors)
                    r.push_back(t.symbol);
        },
        nullptr);
    return r;
}

/// The function with a user context, which the others call. The JIT's caller has made the halide_buffer_t
/// itself.
llvm::Function* emit_checked(Unit& unit, const Abi& abi, const Function& f, Callers callers) {
    llvm::Function* function =
        unit.function(abi.name + "_with_user_context", checked_type(unit.context(), abi), true);

    FunctionEmitter emitter(unit, function, function->getArg(0));
    std::vector<Value*> pointers;
    for (unsigned i = 0; i < abi.buffers.size(); ++i)
        pointers.push_back(function->getArg(i + 1));
    Entry entry(unit, emitter, abi, std::move(pointers));
    if (callers == Callers::c) {
        entry.check_pointers();
        answer_bounds_query(unit, emitter, abi, function);
        entry.check_headers();
    }
    entry.load_fields();
    for (size_t i = 0; i < abi.scalars.size(); ++i)
        entry.bind_scalar(abi.scalars[i],
                          function->getArg(static_cast<unsigned>(1 + abi.buffers.size() + i)));
    entry.bind_buffers();
    emitter.emit(Allocate::make(f.constants, f.body));
    emitter.finish();
    return function;
}

void emit_plain(Unit& unit, const Abi& abi, llvm::Function* checked) {
    Builder b(unit.context());
    std::vector<llvm::Type*> types(checked->getFunctionType()->params().drop_front().vec());
    llvm::Function* f = unit.function(abi.name, llvm::FunctionType::get(b.getInt32Ty(), types, false), true);
    b.SetInsertPoint(llvm::BasicBlock::Create(unit.context(), "entry", f));
    std::vector<Value*> arguments{llvm::ConstantPointerNull::get(b.getPtrTy())};
    for (llvm::Argument& a : f->args())
        arguments.push_back(&a);
    b.CreateRet(b.CreateCall(checked, arguments));
}

/// NAME(user_context, arguments) or NAME(arguments), with an array of pointers to the buffers and the
/// scalars.
void emit_argv(Unit& unit, const Abi& abi, llvm::Function* checked, const std::string& name, bool context) {
    Builder b(unit.context());
    std::vector<llvm::Type*> types(context ? 2 : 1, b.getPtrTy());
    auto* type = llvm::FunctionType::get(b.getInt32Ty(), types, false);
    llvm::Function* f = unit.function(name, type, true);
    b.SetInsertPoint(llvm::BasicBlock::Create(unit.context(), "entry", f));
    Value* null = llvm::ConstantPointerNull::get(b.getPtrTy());
    std::vector<Value*> arguments{context ? f->getArg(0) : null};
    Value* passed = f->getArg(context ? 1 : 0);
    for (size_t i = 0; i < abi.buffers.size() + abi.scalars.size(); ++i) {
        Value* p = b.CreateLoad(b.getPtrTy(), b.CreateConstInBoundsGEP1_64(b.getPtrTy(), passed, i));
        const bool indirect =
            i >= abi.buffers.size() && !is_wide(abi.scalars[i - abi.buffers.size()].machine);
        arguments.push_back(
            indirect ? b.CreateLoad(checked->getArg(static_cast<unsigned>(i) + 1)->getType(), p) : p);
    }
    b.CreateRet(b.CreateCall(checked, arguments));
}

} // namespace

llvm::FunctionType* checked_type(llvm::LLVMContext& context, const Abi& abi) {
    std::vector<llvm::Type*> types(1 + abi.buffers.size(), llvm::PointerType::getUnqual(context));
    for (const ScalarArgument& s : abi.scalars)
        types.push_back(passed_type(context, s.machine));
    return llvm::FunctionType::get(llvm::Type::getInt32Ty(context), types, false);
}

std::string jit_name(const Abi& abi) {
    return abi.name + "_jit";
}

void emit_function(Unit& unit, const Abi& abi, const Module& machine, Callers callers) {
    unit.separate(all_tensors(machine.top()));
    llvm::Function* checked = emit_checked(unit, abi, machine.top(), callers);
    if (callers == Callers::c) {
        emit_plain(unit, abi, checked);
        emit_argv(unit, abi, checked, abi.name + "_argv", false);
        emit_metadata(unit, abi, unit.target());
    } else
        emit_argv(unit, abi, checked, jit_name(abi), true);
}

} // namespace lathe::codegen
