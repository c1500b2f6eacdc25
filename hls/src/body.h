#pragma once
/// \file Statements in C++.

#include "lathe/ir/stmt.h"
#include "scope.h"

#include <optional>

namespace lathe::hls {

using namespace ir;

class ExprEmitter;
class Functions;

/// What a host program knows of the device.
struct Device {
    struct Kernel {
        std::string function;             ///< in C++
        std::vector<std::string> scalars; ///< the C++ types of what it is given behind its tensors
        std::vector<size_t> pointers;     ///< to each of these
        std::string object = {};          ///< the host's xrt::kernel
    };
    std::map<std::string, Kernel> kernels; ///< by Function
    std::string name, xclbin;              ///< the host's xrt::device and xrt::uuid
    std::map<Symbol, std::string> groups;  ///< of the device's tensors: the memory that a kernel reaches
};

class BodyEmitter {
  public:
    /// `sizes`: facts of one run, which loop_tripcount shows; `name`: of the Function.
    BodyEmitter(Scope& s, Writer& w, const std::map<Symbol, Expr>& sizes, Functions& f, std::string name)
        : scope(s), out(w), run_sizes(sizes), functions(f), function(std::move(name)) {}

    /// From now on what is emitted runs on the host beside this device.
    void beside(const Device& d) { device = &d; }
    void emit(const Stmt& s);
    /// A tensor with data, as a constant array.
    void constant(const Tensor& t);
    void memory_pragmas(const std::string& name, const Tensor& t);

  private:
    void block(const Stmt& body);
    void loop(const For& s);
    void leave_unless(const Expr& condition);
    void while_loop(const While& s);
    void print_line(const Print& s);
    void call(const ExternCall& s);
    void branch(const If& s);
    void let(const LetStmt& s);
    void store(const Store& s);
    void reduce(const Reduce& s);
    void allocate(const Allocate& s);
    void local(const Tensor& t);
    void check(const Assert& s);
    void stage(const Stage& s);
    void pragmas(const For& s);
    void tripcount(const For& s);
    void declare(const Tensor& t);
    void declare(const Tensor& t, const std::vector<int64_t>& extents);
    // In words.cpp:
    std::vector<Symbol> open_words(const For& s);
    void close_words(const std::vector<Symbol>& tensors);
    // In network.cpp:
    void network(const Stmt& s);
    std::string stream_element(ExprEmitter& expr, const StreamElement& e) const;
    void word(const StreamElement& e, const Tensor& t, const Stmt& body, bool written);
    void locked(const char* lock, const StreamElement& e, const Tensor& t, const Stmt& body);
    std::string call(const CallStmt& c, bool process = false);
    static void next_pointers(const Array& array, int64_t count, std::map<std::string, size_t>& used_up,
                              std::vector<std::string>& all);
    void check_users(const Dataflow& d) const;
    void dataflow(const Dataflow& d);
    void processes(const Stmt& s);
    void declare(const StreamDeclaration& s);
    void spawn(const Spawn& p);
    // In host.cpp:
    std::string count_of(const Tensor& t, ExprEmitter& expr) const;
    void declare_on_heap(const Tensor& t);
    void declare_on_device(const Tensor& t);
    void copy(const Copy& c);
    void launch(const CallStmt& c);

    Scope& scope;
    Writer& out;
    const std::map<Symbol, Expr>& run_sizes;
    Functions& functions;
    const std::string function;
    const Device* device = nullptr;
    std::string stage_name;                ///< of the loops' labels
    std::map<std::string, size_t> used_up; ///< of an argument's pointers, by processes before
    Names labels;
};

} // namespace lathe::hls
