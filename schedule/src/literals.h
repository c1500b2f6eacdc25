#pragma once
/// \file Real literals, and the types that they take.

#include "retype.h"

namespace lathe::schedule {

using namespace ir;

/// The literals of the stages whose step says so, as values of the type that it names.
Stmt type_literals(const Stmt& body, const std::map<Symbol, TypeStep>& chosen);

/// Reports the real literals that the type they take does not hold exactly.
void warn_literals(const Stmt& body, std::vector<std::string>& warnings);

} // namespace lathe::schedule
