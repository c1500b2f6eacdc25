#pragma once
/// \file How many processes of a dataflow use the same argument.

#include "lathe/ir/stmt.h"

#include <map>

namespace lathe::hls {

using namespace ir;

/// Vitis takes an argument in memory in one process of a dataflow. So each has a pointer of its own, and a
/// Function that has such a dataflow, or calls one that has, is given as many.
class Pointers {
  public:
    explicit Pointers(const Module& m) : module(m) {}
    /// For each argument of the Function.
    const std::vector<int64_t>& of(const std::string& function);
    /// Those that the processes of a dataflow use together, by tensor.
    std::map<Symbol, int64_t> in(const Dataflow& d);

  private:
    const Module& module;
    std::map<std::string, std::vector<int64_t>> known;

    void add(const Stmt& s, int64_t times, std::map<Symbol, int64_t>& all);
};

/// Two of the processes that a dataflow gives a tensor, as the user knows them: "add(3)"; none: fewer do.
std::vector<std::string> two_users(const Dataflow& d, const Symbol& tensor);

} // namespace lathe::hls
