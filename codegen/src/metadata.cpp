#include "metadata.h"

#include "lathe/ir/print.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lathe::codegen {

namespace {

/// The members of struct halide_filter_argument_t and halide_filter_metadata_t, version 1.
class Metadata {
  public:
    explicit Metadata(Unit& u) : unit(u), context(u.context()) {
        argument_type = llvm::StructType::get(context, {pointer(), i32(), i32(), type_type, pointer(),
                                                        pointer(), pointer(), pointer(), pointer()});
    }

    void add(const std::string& name, int kind, int dimensions, HalideType t) {
        llvm::Constant* null = llvm::ConstantPointerNull::get(llvm::PointerType::getUnqual(context));
        llvm::Constant* type =
            llvm::ConstantStruct::get(type_type, {number(8, t.code), number(8, t.bits), number(16, t.lanes)});
        arguments.push_back(llvm::ConstantStruct::get(
            argument_type,
            {unit.text(name), number(32, kind), number(32, dimensions), type, null, null, null, null, null}));
    }

    llvm::Constant* make(const Abi& abi, const Target& target) {
        auto* array = llvm::ArrayType::get(argument_type, arguments.size());
        llvm::Constant* list =
            unit.table(abi.name + "_arguments", llvm::ConstantArray::get(array, arguments));
        llvm::StructType* whole =
            llvm::StructType::get(context, {i32(), i32(), pointer(), pointer(), pointer()});
        constexpr int version = 1;
        return unit.table(abi.name + "_metadata_storage",
                          llvm::ConstantStruct::get(
                              whole, {number(32, version), number(32, static_cast<int>(arguments.size())),
                                      list, unit.text(target.name()), unit.text(abi.name)}));
    }

  private:
    llvm::Type* i32() { return llvm::Type::getInt32Ty(context); }
    llvm::Type* pointer() { return llvm::PointerType::getUnqual(context); }
    llvm::Constant* number(unsigned bits, int x) {
        return llvm::ConstantInt::getSigned(llvm::Type::getIntNTy(context, bits), x);
    }
    Unit& unit;
    llvm::LLVMContext& context;
    llvm::StructType* type_type =
        llvm::StructType::get(context, {llvm::Type::getInt8Ty(context), llvm::Type::getInt8Ty(context),
                                        llvm::Type::getInt16Ty(context)});
    llvm::StructType* argument_type = nullptr;
    std::vector<llvm::Constant*> arguments;
};

constexpr const char* directions[] = {"in", "out", "inout"};

nlohmann::ordered_json typed(const std::string& name, const char* kind, Type t) {
    nlohmann::ordered_json j{{"name", name}, {"kind", kind}, {"type", t.str()}};
    if (t.is_fixed()) j["fraction_bits"] = t.frac();
    return j;
}

std::string signature(const Abi& abi) {
    nlohmann::ordered_json arguments = nlohmann::ordered_json::array();
    for (const BufferArgument& a : abi.buffers) {
        auto j = typed(a.tensor.symbol.name(), directions[static_cast<size_t>(a.direction)], a.type);
        j["extents"] = nlohmann::ordered_json::array();
        for (const Dim& d : a.tensor.dims)
            j["extents"].push_back(print(d.extent));
        if (std::ranges::any_of(a.tensor.dims, [](const Dim& d) { return as_int(d.min) != 0; })) {
            j["mins"] = nlohmann::ordered_json::array();
            for (const Dim& d : a.tensor.dims)
                j["mins"].push_back(print(d.min));
        }
        if (a.limbs) j["limbs"] = a.limbs;
        arguments.push_back(std::move(j));
    }
    for (const ScalarArgument& s : abi.scalars)
        arguments.push_back(typed(s.symbol.name(), "scalar", s.type));
    return nlohmann::ordered_json{{"function", abi.name}, {"abi", abi_version}, {"arguments", arguments}}
        .dump();
}

void emit_getter(Unit& unit, const std::string& name, llvm::Constant* result) {
    Builder b(unit.context());
    llvm::Function* f = unit.function(name, llvm::FunctionType::get(b.getPtrTy(), {}, false), true);
    b.SetInsertPoint(llvm::BasicBlock::Create(unit.context(), "entry", f));
    b.CreateRet(result);
}

HalideType halide_type_of_scalar(Type t) {
    if (t.is_index()) return {0, 64, 1};
    if (is_wide(t)) return {3, 64, 1}; // a handle: the pointer to the limbs
    return halide_type(t);
}

} // namespace

void emit_metadata(Unit& unit, const Abi& abi, const Target& target) {
    enum { input_scalar = 0, input_buffer = 1, output_buffer = 2 }; // halide_argument_kind_t
    Metadata m(unit);
    for (const BufferArgument& a : abi.buffers)
        m.add(a.tensor.symbol.name(), a.written() ? output_buffer : input_buffer, a.halide_rank(), a.element);
    for (const ScalarArgument& s : abi.scalars)
        m.add(s.symbol.name(), input_scalar, 0, halide_type_of_scalar(s.machine));
    emit_getter(unit, abi.name + "_metadata", m.make(abi, target));
    emit_getter(unit, abi.name + "_signature", unit.text(signature(abi)));
}

} // namespace lathe::codegen
