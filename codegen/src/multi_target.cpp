#include "multi_target.h"

#include "emit.h"
#include "metadata.h"
#include "object_code.h"

#include <HalideRuntime.h>

namespace lathe::codegen {

using llvm::Value;

namespace {

/// What halide_can_use_target_features is asked for: Halide's names for the CPU's extensions.
std::vector<uint64_t> needed_features(const Target& t) {
    constexpr size_t word = 64, words = (halide_target_feature_end + word - 1) / word;
    std::vector<uint64_t> bits(words);
    const auto need = [&](halide_target_feature_t f) { bits[f / word] |= uint64_t{1} << f % word; };
    if (t.has_fma()) {
        need(halide_target_feature_sse41);
        need(halide_target_feature_avx);
        need(halide_target_feature_avx2);
        need(halide_target_feature_fma);
        need(halide_target_feature_f16c);
    }
    constexpr int avx512_bits = 512;
    if (t.vector_bits() == avx512_bits) {
        need(halide_target_feature_avx512);
        need(halide_target_feature_avx512_skylake);
    }
    if (t.has_vnni() || t.has_bf16()) need(halide_target_feature_avx512_zen4); // the least that has both
    return bits;
}

class Chooser {
  public:
    Chooser(Unit& u, const std::vector<Variant>& v) : unit(u), variants(v) {}

    /// NAME+suffix calls the variant's function of the same suffix.
    void emit(const std::string& name, const std::string& suffix, llvm::FunctionType* type,
              bool has_context) {
        Builder b(unit.context());
        llvm::Function* f = unit.function(name + suffix, type, true);
        b.SetInsertPoint(llvm::BasicBlock::Create(unit.context(), "entry", f));
        for (const Variant& v : variants) {
            auto* run = llvm::BasicBlock::Create(unit.context(), "run", f);
            auto* next = llvm::BasicBlock::Create(unit.context(), "next", f);
            b.CreateCondBr(can_run(b, v.target), run, next);
            b.SetInsertPoint(run);
            std::vector<Value*> arguments;
            for (llvm::Argument& a : f->args())
                arguments.push_back(&a);
            b.CreateRet(b.CreateCall(unit.module().getOrInsertFunction(v.name + suffix, type), arguments));
            b.SetInsertPoint(next);
        }
        Value* context = llvm::ConstantPointerNull::get(b.getPtrTy());
        if (has_context) context = f->getArg(0);
        b.CreateCall(unit.runtime("halide_error"),
                     {context, unit.text(name + ": this machine can run none of the library's targets")});
        b.CreateRet(b.getInt32(static_cast<uint32_t>(ErrorCode::no_target)));
    }

  private:
    Value* can_run(Builder& b, const Target& target) {
        const std::vector<uint64_t> bits = needed_features(target);
        llvm::Constant* data = llvm::ConstantDataArray::get(unit.context(), bits);
        auto* global = llvm::cast<llvm::GlobalVariable>(
            unit.module().getOrInsertGlobal("features." + target.name(), data->getType()));
        global->setInitializer(data);
        global->setConstant(true);
        global->setLinkage(llvm::GlobalValue::PrivateLinkage);
        Value* answer = b.CreateCall(unit.runtime("halide_can_use_target_features"),
                                     {b.getInt32(static_cast<uint32_t>(bits.size())), global});
        return b.CreateICmpNE(answer, b.getInt32(0));
    }

    Unit& unit;
    const std::vector<Variant>& variants;
};

} // namespace

Compiled choose_at_run_time(const Abi& abi, const std::vector<Variant>& variants) {
    Compiled r;
    r.abi = abi;
    r.context = std::make_unique<llvm::LLVMContext>();
    const Target any("x86-64-linux");
    Unit unit(*r.context, any, abi.name);
    Chooser chooser(unit, variants);
    llvm::Type* code = llvm::Type::getInt32Ty(*r.context);
    llvm::Type* pointer = llvm::PointerType::getUnqual(*r.context);
    llvm::FunctionType* type = checked_type(*r.context, abi);
    chooser.emit(abi.name, "_with_user_context", type, true);
    chooser.emit(abi.name, "", llvm::FunctionType::get(code, type->params().drop_front(), false), false);
    chooser.emit(abi.name, "_argv", llvm::FunctionType::get(code, {pointer}, false), false);
    emit_metadata(unit, abi, variants.front().target);
    r.module = unit.take();
    optimise(*r.module, any);
    return r;
}

} // namespace lathe::codegen
