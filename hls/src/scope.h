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
    int64_t pack = 1; ///< of a flat one: so many elements are a word, and words are dealt out to its ports
    std::vector<std::string> ports = {};
    std::vector<std::string> apart =
        {};              ///< of an argument: pointers to it, one for each process that uses it
    bool vector = false; ///< a word that has come, whole
    bool in_words() const { return flat && pack > 1; }
    int64_t beat() const { return pack * static_cast<int64_t>(ports.size()); }
    /// How a function takes it: "*" by pointer, else its extents.
    std::string passed() const {
        return in_words() ? fmt::format("*{}x{}", pack, ports.size()) : flat ? "*" : extents;
    }
    /// What it is called in a call.
    std::string argument() const { return in_words() ? fmt::format("{}", fmt::join(ports, ", ")) : name; }
};

/// Words of an array that stand in variables while some loops run.
struct OpenWords {
    std::string variable; ///< of one word, or an array with one for each port
    Expr base;            ///< the first word's first element
    bool written = false;
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
    std::map<Symbol, OpenWords> words;
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
