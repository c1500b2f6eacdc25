#pragma once
/// \file The checking interpreter: walks the IR with all lanes of lockstep loops in step, and knows of every
/// element which term made it and which iterations of concurrent loops touched it.

#include "interpret_compile.h"
#include "interpret_terms.h"

#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace lathe::ir::interpreter {

/// An iteration of a concurrent loop, inside that of another.
struct Iteration {
    const Iteration* outer; ///< null: outside of all
    const For* loop;
    uint64_t run; ///< which run of the loop
    int64_t index;
    unsigned depth;
};

/// What is known of an element.
struct Element {
    uint64_t hash = 0;
    Multiset sum;
    bool load_free = false;
    bool written = false;
    struct Touch {
        const Iteration* in;
        Loc loc;
    };
    Touch last_write{nullptr, {}};
    std::vector<Touch> reads; ///< since then
    size_t holds = 0;         ///< of a folded tensor: which of its elements was stored here last
};

/// A tensor while it lives.
struct CheckedTensor {
    std::string name;
    Type type; ///< as declared: the caller's buffer may round in another way
    AnyBuffer buffer;
    std::shared_ptr<void> memory; ///< as in TensorState
    int64_t element_size = 0;
    bool constant = false;         ///< nobody writes it
    std::vector<int64_t> folds;    ///< of each dimension, 0 for none; empty: none at all
    std::vector<Element> elements; ///< by place: of a folded tensor several elements share one

    CheckedTensor(const TensorState& s, Type declared, bool never_written);

    struct Place {
        std::byte* address = nullptr;
        size_t dense = 0;  ///< of the tensor's elements, row-major
        size_t shared = 0; ///< into `elements`
    };
    /// \throws Error when a subscript is out of bounds.
    Place locate(const std::vector<int64_t>& at, Loc loc) const;
    /// \throws Error when the element holds nothing, or a write in another iteration conflicts.
    Term read(const Place& p, const Iteration* in, Loc loc);
    void write(const Place& p, const Term& x, const Iteration* in, Loc loc);
    /// A touch of the element without its value.
    void touch_read(const Place& p, const Iteration* in, Loc loc);
    void touch_write(const Place& p, const Iteration* in, Loc loc);
    std::string element(size_t dense) const; ///< "A[3, 4]"
};

/// One lane: its variables, and the tensors that it sees.
struct Lane {
    std::map<Symbol, int64_t> indices;
    std::map<Symbol, Term> values;
    std::map<Symbol, std::shared_ptr<CheckedTensor>> tensors;
    const Iteration* in = nullptr;
    /// What shared expressions were in this statement.
    std::unordered_map<const ExprNode*, Term> terms;
    std::unordered_map<const ExprNode*, int64_t> numbers;

    std::set<Symbol> let_bound; ///< by its expressions so far

    void forget() {
        terms.clear();
        numbers.clear();
    }
    /// A new statement.
    void begin() {
        forget();
        let_bound.clear();
    }
    CheckedTensor& tensor(const Symbol& s, Loc loc) const;
};

/// Expressions in a lane.
class Evaluator {
  public:
    /// Learns which expressions of the statement have several parents: they are evaluated once in a lane.
    void learn(const Stmt& s);
    void learn(const std::vector<Expr>& roots);

    int64_t number(Lane& lane, const Expr& e); ///< of an Index
    bool truth(Lane& lane, const Expr& e);
    Term term(Lane& lane, const Expr& e);
    std::vector<int64_t> numbers(Lane& lane, const std::vector<Expr>& all);

  private:
    int64_t number_of(Lane& lane, const Expr& e);
    int64_t number_of(Lane& lane, const Binary& n);
    Term term_of(Lane& lane, const Expr& e);
    Term load(Lane& lane, const Load& n);
    Term select(Lane& lane, const Select& n);
    Term binary(Lane& lane, const Binary& n);
    void bind(Lane& lane, const Let& n); ///< the value is evaluated in any case

    std::unordered_set<const ExprNode*> shared;
};

/// A run of a function in checking mode.
class Checker {
  public:
    Checker(const Function& f, const std::vector<AnyBuffer*>& buffers, const std::map<Symbol, Value>& values,
            bool lanes_apart, std::vector<CopyUse>* copies);
    TermHashes run();

  private:
    using Lanes = std::vector<Lane*>;
    /// A lane's run of a loop.
    struct Turn {
        Lane* lane;
        int64_t first, count;
        const Iteration* around;
        uint64_t run;
    };

    void statement(const Stmt& s, const Lanes& lanes);
    void loop(const For& s, const Lanes& lanes);
    std::vector<Turn> turns(const For& s, const Lanes& lanes);
    void in_lanes(const For& s, const std::vector<Turn>& all);
    void in_step(const For& s, std::vector<Turn> all);
    bool goes_on(const For& s, Lane& lane);
    void repeat(const While& s, Lanes lanes);
    void branch(const If& s, const Lanes& lanes);
    void let(const LetStmt& s, const Lanes& lanes);
    std::shared_ptr<CheckedTensor> storage(const Tensor& t, Lane& lane);
    void allocate(const Allocate& s, const Lanes& lanes);
    void store(const Store& s, const Lanes& lanes);
    struct Product {
        Term a, b;
    };
    Product product(const Reduce& s, Lane& lane);
    void reduce(const Reduce& s, const Lanes& lanes);
    void check(const Assert& s, const Lanes& lanes);
    void print(const Print& s, const Lanes& lanes);
    void call(const ExternCall& s, Lane& lane);
    void copy(const Copy& s, Lane& lane);
    static void begin(const Lanes& lanes);

    const Function& function;
    const std::vector<AnyBuffer*>& buffers;
    const bool lanes_apart;       ///< no two write one element in one statement
    std::vector<CopyUse>* copies; ///< null: nobody asks
    Evaluator evaluate;
    Lane outermost;
    std::vector<std::shared_ptr<CheckedTensor>> arguments;
    std::map<const For*, Expr> guards; ///< runs_while of the loops that were met
    std::deque<Iteration> iterations;
    uint64_t runs = 0;
    uint64_t prints = 0;
    std::shared_ptr<CheckedTensor> output; ///< what prints and calls write, in their order
};

} // namespace lathe::ir::interpreter
