#pragma once
/// \file The Functions that the top one calls, as C++ functions of their own.

#include "scope.h"
#include "users.h"

#include "lathe/ir/visit.h"

namespace lathe::hls {

using namespace ir;

/// Lowers what C++ has no words for, and settles subscripts that leave 64 bits.
Function prepared(Function f, const Facts& facts);

class Functions {
  public:
    /// `taken`: names that they all see; `sizes`: facts of one run, which loop_tripcount shows.
    Functions(const Module& m, const std::map<Symbol, Expr>& sizes)
        : module(m), run_sizes(sizes), needed(m) {}
    /// Names them; `names` are those of the top function.
    void reserve(Names& names);
    /// What a Function is called that takes its tensors so (Array::passed); its definition is written when it
    /// is first asked for.
    std::string name_of(const std::string& function, const std::vector<std::string>& shapes);
    const Function& function(const std::string& name) const { return module.function(name); }
    /// A definition, behind those of all that it calls.
    void define(const std::string& text) { definitions += text + "\n"; }
    /// The name of a function that joins the processes of a dataflow in `function`.
    std::string dataflow_name(const std::string& function);
    /// Takes a name that all see. \pre no function was written yet.
    std::string reserve(const std::string& wish) { return everywhere.take(wish); }
    const std::string& text() const { return definitions; }
    const Names& visible() const { return everywhere; }
    /// To arguments of the Functions.
    Pointers& pointers() { return needed; }

  private:
    std::string define(const Function& f, const std::string& name, const std::vector<std::string>& shapes);

    const Module& module;
    const std::map<Symbol, Expr>& run_sizes;
    Pointers needed;
    Names everywhere;
    std::map<std::string, std::string> names;          ///< of the Functions
    std::map<std::string, std::string> dataflow_names; ///< of the first dataflow of each
    std::set<std::string> given;                       ///< those of them that are taken
    int more = 0; ///< names that begin with lathe_, as no name of the user's does
    std::map<std::pair<std::string, std::vector<std::string>>, std::string> variants;
    std::string definitions;
};

/// "hls::stream<float>", "hls::stream_of_blocks<float[4][4]>"; `depth`: the template's second argument.
std::string stream_type(const StreamDeclaration& s, const std::string& depth = "");
/// Does a function that is given it have to know its depth? Where the channel's type is exactly that: not
/// where any stream is an hls::stream<T>.
bool depth_in_type(const StreamDeclaration& s);
/// "hls::stream<float>& s", "hls::stream<float, depth> (&s)[4]"
std::string stream_formal(const StreamDeclaration& s, const std::string& name, const std::string& depth);
/// "[4][4]"; an empty dimension has one element.
std::string brackets(const std::vector<int64_t>& extents);
/// "float[4][4]"
std::string block_type(Type t, const std::vector<int64_t>& block);
/// The ids of each process, in order. \throws Error where their number is not constant
std::vector<Substitution> processes_of(const Spawn& p, const Facts& facts = {});
/// "hls::vector<float, 4>"
std::string vector_type(Type t, int64_t lanes);
/// "lathe::word<float, 16>"
std::string word_type(const std::string& element, int64_t pack);
/// The ports of an argument in words, named like it.
void take_ports(Array& a, const Tensor& t, Names& names);
/// Of an argument to which there are n pointers: named like it, which is the first of them.
void take_pointers(Array& a, int64_t n, Names& names);
/// "const float* a", "float a[4][4]"; of one in words a pointer for each port, and all pointers to one that
/// has several
std::string array_formal(const Array& a, bool read_only);

} // namespace lathe::hls
