#pragma once
/// \file How types, literals and names are spelled in C++.

#include "lathe/ir/value.h"

#include <set>
#include <string>
#include <vector>

namespace lathe::hls {

using namespace ir;

/// "ap_fixed<16, 4, AP_RND, AP_SAT>", "float", "bool", "lathe::half". Not for Index.
std::string cpp_type(Type t);

/// Where a C++ expression stands in the order of precedence: less binds tighter.
enum Level {
    primary,
    unary,
    product,
    sum,
    shift,
    relation,
    equality,
    bit_and,
    bit_xor,
    bit_or,
    logical_and,
    logical_or,
    conditional
};

/// A literal of exactly the C++ type of `v`.
std::string typed_literal(const Value& v);
/// As a plain int, if it is an integer (in an integer type) that int holds.
bool is_plain(const Value& v);

/// C++ identifiers: the user's names made legal, and unlike all others that are visible.
class Names {
  public:
    Names();
    /// A name like `wish`, until the scope closes.
    std::string take(const std::string& wish);
    /// The very name, if it is free.
    bool take_exactly(const std::string& name);
    void open() { scopes.emplace_back(); }
    void close() { scopes.pop_back(); }

  private:
    bool taken(const std::string& name) const;
    std::vector<std::set<std::string>> scopes;
};

} // namespace lathe::hls
