#pragma once
/// \file What is known where a statement is emitted.

#include "lathe/ir/simplify.h"
#include "spelling.h"
#include "writer.h"

#include <map>

namespace lathe::hls {

using namespace ir;

/// A tensor's C++ array: flat and row-major for an argument, with its dimensions otherwise.
struct Array {
    std::string name;
    Type type;
    std::vector<Dim> dims;
    bool flat = false;
    std::string extents = {}; ///< "[4][5]" as its C++ declaration says, where it is not flat
    /// How a function takes it: "*" by pointer, else its extents.
    std::string passed() const { return flat ? "*" : extents; }
};

/// A stream, or an array of streams.
struct StreamName {
    std::string name;
    StreamDeclaration declaration;
};

struct Scope {
    std::map<Symbol, std::string> variables;
    std::map<Symbol, Array> arrays;
    std::map<Symbol, StreamName> streams;
    Facts facts;
    Loc line; ///< of the user's statement
    Names names;
    std::string index_type = "int64_t"; ///< of subscripts and loops

    const Array& array(const Symbol& tensor) const {
        const auto found = arrays.find(tensor);
        invariant(found != arrays.end(), "a tensor is used outside its scope");
        return found->second;
    }
};

} // namespace lathe::hls
