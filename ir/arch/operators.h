#pragma once

namespace lathe::ir {

/// The text of ir/arch/operators.json.
extern const char* const operator_costs_json;

} // namespace lathe::ir
