#pragma once
/// \file Entries of a Schedule's trace.

#include "lathe/ir/stmt.h"
#include "lathe/schedule/primitive.h"

namespace lathe::schedule {

/// One call of a structural primitive, as the user wrote it: enough to run it again.
struct Step {
    const Primitive* primitive = nullptr;
    ir::Symbol func;               ///< the Func that it acts on, or the tensor …
    int definition = 0;            ///< … and which of its definitions
    std::vector<ir::Symbol> loops; ///< Vars, RDom dimensions or earlier results
    bool every = false;            ///< on every copy of the loops
    std::vector<int64_t> numbers;
    std::vector<std::string> words;
    ir::Symbol tensor; ///< that the step is about, or an earlier step's result
    ir::Symbol target; ///< with a consumer: its Func; with a callee: its kernel …
    int target_definition = 0;
    Loc loc;
    std::string part_of; ///< the call, where a user's call makes several steps: "tile(i, j, 4, 8)"
    std::vector<ir::Symbol> results; ///< made when the step first runs, and kept when it runs again
    /// Each copy that the step made of statements: the loops and tensors in it, as (original, copy).
    std::vector<std::vector<std::pair<ir::Symbol, ir::Symbol>>> copies;

    /// "split(i, 64)": the call in short, for messages.
    std::string str() const;
};

/// Steps in order. Copies share them.
class Steps {
  public:
    struct Iterator {
        const std::shared_ptr<const Step>* at;
        const Step& operator*() const { return **at; }
        Iterator& operator++() {
            ++at;
            return *this;
        }
        bool operator==(const Iterator&) const = default;
    };
    size_t size() const { return all.size(); }
    bool empty() const { return all.empty(); }
    const Step& operator[](size_t n) const { return *all[n]; }
    const Step& back() const { return *all.back(); }
    Iterator begin() const { return {all.data()}; }
    Iterator end() const { return {all.data() + all.size()}; }
    void push_back(Step s) { all.push_back(std::make_shared<const Step>(std::move(s))); }

  private:
    std::vector<std::shared_ptr<const Step>> all;
};

} // namespace lathe::schedule
