#pragma once
/// \file What becomes of an LLVM module: verified, optimised, printed, assembled.

#include "lathe/ir/target.h"

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>

namespace lathe::codegen {

using namespace ir;

/// Verifies, then runs a short pipeline: everything that generated code needs was decided before, so no loop
/// is vectorized, unrolled or re-associated here. \throws InternalError if the module is malformed.
void optimise(llvm::Module& module, const Target& target);
/// An ELF object file. Position-independent.
llvm::SmallVector<char, 0> object_code(llvm::Module& module, const Target& target);
std::string assembly(llvm::Module& module, const Target& target);
std::string llvm_text(const llvm::Module& module);
struct ObjectFile {
    std::string name;
    llvm::SmallVector<char, 0> bytes;
};
/// A static library. The same objects give the same bytes.
std::string archive(const std::vector<ObjectFile>& objects);

} // namespace lathe::codegen
