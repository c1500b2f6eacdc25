#pragma once
/// \file The thirty kernels of PolyBench/C 4.2, written from their mathematical definitions: what oracles of
/// schedules run on. Each has the same computation in plain C++.

#include "lathe/dsl/algorithm.h"
#include "lathe/ir/buffer.h"
#include "lathe/schedule/schedule.h"

#include <functional>

namespace polybench {

using Sizes = std::map<std::string, int64_t>;

/// The sizes while a kernel is built: constants, or parameters.
class Extents {
  public:
    explicit Extents(const Sizes& constants); ///< empty: parameters
    lathe::Expr operator()(const std::string& name) const;

  private:
    mutable std::map<std::string, lathe::Expr> known;
    bool parameters;
};

/// A tensor's elements in plain C++.
class Plain {
  public:
    Plain(std::vector<double>& d, std::vector<int64_t> s) : data(&d), shape(std::move(s)) {}
    template <class... I> double& operator()(I... at) const {
        size_t n = 0, d = 0;
        ((n = n * static_cast<size_t>(shape[d++]) + static_cast<size_t>(at)), ...);
        return (*data)[n];
    }

  private:
    std::vector<double>* data;
    std::vector<int64_t> shape;
};

/// The arguments of a run in plain C++: tensors by name, sizes by name.
class Run {
  public:
    Run(const lathe::Module& m, const std::vector<lathe::AnyBuffer>& arguments, Sizes sizes);
    Plain operator()(const std::string& tensor);
    int64_t size(const std::string& name) const { return sizes.at(name); }
    const std::vector<double>& elements(const std::string& tensor) const { return data.at(tensor); }

  private:
    std::map<std::string, std::vector<double>> data;
    std::map<std::string, std::vector<int64_t>> shapes;
    Sizes sizes;
};

/// What the inputs must be for the results to have a meaning.
enum class Data : uint8_t {
    any,      ///< multiples of 1/4 between −4 and 4
    definite, ///< square matrices are symmetric, with a large diagonal
    small,    ///< below 1/8
    positive, ///< integers from 1 to 9
    bases,    ///< 0 to 3
};

struct Benchmark {
    std::string name;
    std::vector<Sizes> sizes; ///< small ones
    Data data;
    std::function<lathe::Algorithm(const Extents&)> make;
    std::function<void(Run&)> plain; ///< the same in C++
    double tolerance = 1e-9;         ///< of the results, relative to 1 or to themselves
};

/// All thirty, by folder: data mining, BLAS, linear algebra, solvers, medley, stencils.
std::vector<Benchmark> benchmarks();

// The parts of the table.
void add_products(std::vector<Benchmark>& to);
void add_solvers(std::vector<Benchmark>& to);
void add_others(std::vector<Benchmark>& to);

/// The arguments' buffers, filled as the benchmark asks.
std::vector<lathe::AnyBuffer> arguments(const Benchmark& b, const lathe::Module& m, const Sizes& sizes,
                                        unsigned seed);

/// A definition and its loops, as schedules name them.
struct Stage {
    lathe::ir::Symbol func;
    std::string name;
    int definition; ///< 0: the first one
    std::vector<lathe::LoopRef> loops;
};
std::vector<Stage> stages(const lathe::Algorithm& a);

/// A primitive on one loop, or on two of a definition.
struct LoopCall {
    std::string name; ///< "split, peel"
    std::function<void(lathe::Schedule&)> make;
};
/// Every primitive on every loop and every pair of loops of the algorithm.
std::vector<LoopCall> loop_calls(const lathe::Algorithm& a);

} // namespace polybench
