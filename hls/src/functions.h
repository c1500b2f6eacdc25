#pragma once
/// \file The Functions that the top one calls, as C++ functions of their own.

#include "scope.h"

namespace lathe::hls {

using namespace ir;

/// Lowers what C++ has no words for, and settles subscripts that leave 64 bits. \throws Error for vectors.
Function prepared(Function f);
/// The type of its subscripts and loops: int where all fit.
std::string index_type_of(const Function& f);

class Functions {
  public:
    /// `taken`: names that they all see; `sizes`: facts of one run, which loop_tripcount shows.
    Functions(const Module& m, const std::map<Symbol, Expr>& sizes) : module(m), run_sizes(sizes) {}
    /// Names them; `names` are those of the top function.
    void reserve(Names& names);
    /// What a Function is called that takes these of its tensors by pointer (else as arrays); its definition
    /// is written when it is first asked for.
    std::string name_of(const std::string& function, const std::vector<bool>& flat);
    const Function& function(const std::string& name) const { return module.function(name); }
    /// A definition, behind those of all that it calls.
    void define(const std::string& text) { definitions += text + "\n"; }
    /// A name for a function that is no Function: a dataflow of one.
    std::string reserve(const std::string& wish);
    const std::string& text() const { return definitions; }
    const Names& visible() const { return everywhere; }

  private:
    std::string define(const Function& f, const std::string& name, const std::vector<bool>& flat);

    const Module& module;
    const std::map<Symbol, Expr>& run_sizes;
    Names everywhere;
    std::map<std::string, std::string> names; ///< of the Functions
    std::map<std::pair<std::string, std::vector<bool>>, std::string> variants;
    std::string definitions;
};

/// "hls::stream<float>", "hls::stream_of_blocks<float[4][4]>"; `depth`: the template's second argument.
std::string stream_type(const StreamDeclaration& s, const std::string& depth = "");
/// "float[4][4]"
std::string block_type(Type t, const std::vector<int64_t>& block);
/// "const float* a", "float a[4][4]"
std::string array_formal(const Array& a, bool read_only);

} // namespace lathe::hls
