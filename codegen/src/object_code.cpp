#include "object_code.h"

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Object/ArchiveWriter.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopLoadElimination.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include <mutex>

namespace lathe::codegen {

namespace {

std::unique_ptr<llvm::TargetMachine> target_machine(const Target& target) {
    static std::once_flag registered;
    std::call_once(registered, [] {
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86Target();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86AsmPrinter();
    });
    std::string why;
    const llvm::Target* backend = llvm::TargetRegistry::lookupTarget(target.triple(), why);
    invariant(backend != nullptr, "LLVM has no backend for the target");
    llvm::TargetOptions options;
    options.AllowFPOpFusion = llvm::FPOpFusion::Strict; // fma is a node of ours, never LLVM's decision
    return std::unique_ptr<llvm::TargetMachine>(
        backend->createTargetMachine(target.triple(), target.cpu(), target.features(), options,
                                     llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
}

llvm::SmallVector<char, 0> emitted(llvm::Module& module, const Target& target, llvm::CodeGenFileType type) {
    const auto machine = target_machine(target);
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream stream(bytes);
    llvm::legacy::PassManager passes;
    invariant(!machine->addPassesToEmitFile(passes, stream, nullptr, type),
              "LLVM cannot write this kind of file");
    passes.run(module);
    return bytes;
}

} // namespace

void optimise(llvm::Module& module, const Target& target) {
    std::string why;
    llvm::raw_string_ostream stream(why);
    if (llvm::verifyModule(module, &stream)) throw InternalError("the LLVM module is malformed: " + why);

    const auto machine = target_machine(target);
    module.setDataLayout(machine->createDataLayout());
    llvm::PassBuilder builder(machine.get());
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);

    llvm::FunctionPassManager passes;
    passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
    passes.addPass(llvm::EarlyCSEPass(true));
    passes.addPass(llvm::InstCombinePass());
    passes.addPass(llvm::SimplifyCFGPass());
    passes.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()), true));
    // What one iteration stores and the next loads stays in a register.
    passes.addPass(llvm::LoopLoadEliminationPass());
    passes.addPass(llvm::EarlyCSEPass(true));
    passes.addPass(llvm::InstCombinePass());
    llvm::ModulePassManager all;
    all.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
    all.run(module, modules);
}

llvm::SmallVector<char, 0> object_code(llvm::Module& module, const Target& target) {
    return emitted(module, target, llvm::CodeGenFileType::ObjectFile);
}

std::string assembly(llvm::Module& module, const Target& target) {
    const auto bytes = emitted(module, target, llvm::CodeGenFileType::AssemblyFile);
    return {bytes.begin(), bytes.end()};
}

std::string llvm_text(const llvm::Module& module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream, nullptr);
    return text;
}

std::string archive(const std::vector<ObjectFile>& objects) {
    std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
    std::vector<llvm::NewArchiveMember> members;
    for (const ObjectFile& o : objects) {
        const llvm::StringRef bytes(o.bytes.data(), o.bytes.size());
        buffers.push_back(llvm::MemoryBuffer::getMemBuffer(bytes, o.name, false));
        members.emplace_back(buffers.back()->getMemBufferRef());
    }
    auto bytes = llvm::writeArchiveToBuffer(members, llvm::SymtabWritingMode::NormalSymtab,
                                            llvm::object::Archive::K_GNU, true, false);
    if (!bytes) throw InternalError("LLVM cannot write an archive: " + llvm::toString(bytes.takeError()));
    return (*bytes)->getBuffer().str();
}

} // namespace lathe::codegen
