#include "entry.h"

#include "bounds_query.h"
#include "emit.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"
#include "metadata.h"

#include <cstddef>

namespace lathe::cpu {

using llvm::Value;

namespace {

/// Emits the checks of one function's arguments, and tells the emitter where everything lies.
class Entry {
  public:
    Entry(FunctionEmitter& emitter, const Abi& abi, std::vector<Value*> pointers)
        : e(emitter), b(emitter.builder()), abi(abi), pointers(std::move(pointers)) {}

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
    void overlaps();
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
    Value* has_host = b.CreateIsNotNull(field(p, offsetof(HalideBuffer, host), b.getPtrTy()));
    check(has_host, ErrorCode::null_host,
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

void Entry::overlaps() {
    std::vector<Range> ranges;
    for (size_t i = 0; i < fields.size(); ++i)
        ranges.push_back(range(abi.buffers[i], fields[i]));
    for (size_t i = 0; i < fields.size(); ++i) {
        if (!abi.buffers[i].written()) continue;
        for (size_t j = 0; j < fields.size(); ++j) {
            if (j == i || (abi.buffers[j].written() && j < i)) continue;
            const Range &x = ranges[i], &y = ranges[j];
            Value* apart = b.CreateOr(b.CreateICmpSLE(x.high, y.low), b.CreateICmpSLE(y.high, x.low));
            check(b.CreateOr(apart, b.CreateOr(x.empty, y.empty)), ErrorCode::overlap,
                  about(abi.buffers[i]) + " is written, and its memory overlaps that of buffer " +
                      printf_text(abi.buffers[j].tensor.symbol.name()));
        }
    }
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
            if (const auto* a = s.as<Allocate>()) r.push_back(a->tensor.symbol);
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
    Entry entry(emitter, abi, std::move(pointers));
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
    Stmt body = f.body;
    for (auto t = f.constants.rbegin(); t != f.constants.rend(); ++t)
        body = Allocate::make(*t, body);
    emitter.emit(body);
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

} // namespace lathe::cpu
