#pragma once
/// \file From a function's statements in machine form to LLVM's instructions.

#include "lathe/ir/network_threads.h"
#include "unit.h"

#include <optional>
#include <unordered_map>

namespace lathe::codegen {

using namespace ir;

/// A tensor's memory, counted in units: elements, or limbs of wide integers.
struct Place {
    Type type;
    llvm::Value* base = nullptr;       ///< address of the element at the mins
    std::vector<llvm::Value*> strides; ///< in units, outermost dimension first
    std::vector<llvm::Value*> mins;
    std::optional<std::vector<int64_t>> shape; ///< of tensors on the stack
    std::vector<Expr> first = {};              ///< of those: the mins
};

/// What must hold, and else: the message (printf's format, 64-bit arguments) and the code.
struct Check {
    llvm::Value* ok;
    ErrorCode code;
    std::string format;
    std::vector<llvm::Value*> arguments = {};
};

/// Emits one LLVM function that returns 0 or an error code. An error ends the function by way of the blocks
/// that free what has been allocated so far.
class FunctionEmitter {
  public:
    FunctionEmitter(Unit& unit, llvm::Function* function, llvm::Value* user_context);

    Builder& builder() { return b; }
    Ops& ops() { return arithmetic; }
    void bind(const Symbol& variable, llvm::Value* value) { variables[variable] = value; }
    void bind(const Symbol& tensor, Place place) { tensors[tensor] = std::move(place); }
    llvm::Value* value(const Expr& e); ///< evaluated here and now
    void emit(const Stmt& s);
    /// Goes on if all hold; else calls halide_error with the message of the first that does not, and ends the
    /// function.
    void check(const std::vector<Check>& checks);
    /// Ends the function successfully.
    void finish();
    /// Memory of this function's frame.
    llvm::AllocaInst* frame(llvm::Type* type, const std::string& name);

  private:
    /// An expression whose lanes are base + stride·lane (no stride: all lanes are equal).
    struct RampForm {
        Expr base, stride;
    };
    /// Where the lanes of an access lie.
    struct Access {
        llvm::Value* address = nullptr;   ///< of a scalar, or of lane 0 if dense
        llvm::Value* addresses = nullptr; ///< a vector of pointers, unless scalar or dense
        bool dense = false;
        bool inside_frame = false; ///< all lanes lie within a tensor on the stack, masked or not
    };

    // Expressions, in emit_expr.cpp.
    llvm::Value* expr(const Expr& e);
    llvm::Value* make(const Expr& e);
    llvm::Value* make_binary(const Binary& e);
    llvm::Value* make_ramp(const Ramp& e);
    llvm::Value* make_let(const Let& e);
    llvm::Value* make_call(const Call& e);
    llvm::Value* make_select(const Select& e);
    llvm::Value* make_lazy_select(const Select& e);
    bool is_lazy(const Select& e);
    void emit_shared(const Select& e);
    template <class F> void for_each_certain(const Expr& e, F visit);
    llvm::Value* compare_ramps(const Binary& e, const RampForm& x, const RampForm& y);
    bool has_load(const Expr& e);
    static std::optional<RampForm> ramp_form(const Expr& e);
    /// f()'s value where `condition` (a scalar Bool) holds, else zero; f runs only where it holds.
    template <class F> llvm::Value* guarded(llvm::Value* condition, Type t, F f);
    /// Like value(), with what it computes forgotten afterwards, since it need not dominate what follows.
    template <class F> auto in_scope(F f);

    // Memory, in emit_memory.cpp.
    llvm::Value* make_load(const Load& e);
    Access locate(const Symbol& tensor, const std::vector<Expr>& indices, int lanes);
    bool inside_frame(const Place& p, const std::vector<RampForm>& forms, int lanes) const;
    llvm::Value* offset(llvm::Value* address, const Place& p, llvm::Value* units);
    llvm::Value* load(const Symbol& tensor, Type t, const Access& a, llvm::Value* mask);
    void store(const Symbol& tensor, Type t, const Access& a, llvm::Value* x, llvm::Value* mask);
    llvm::Value* load_dense(const Symbol& tensor, Type t, const Access& a, llvm::Value* mask);
    void store_dense(const Symbol& tensor, Type t, const Access& a, llvm::Value* x, llvm::Value* mask);
    Access lane_access(const Access& a, int lane);
    /// The predicate of an access together with the lanes that are alive here; null if all lanes are.
    llvm::Value* access_mask(const Expr& predicate, int lanes);
    llvm::Align alignment(Type t) const;

    // Statements, in emit_stmt.cpp.
    /// Fills `message` (printf's format, 64-bit arguments).
    void write_message(const std::string& format, const std::vector<llvm::Value*>& arguments);
    void check_together(llvm::ArrayRef<Check> checks);
    void emit_for(const For& s);
    void emit_while(const While& s);
    void emit_if(const If& s);
    void emit_print(const Print& s);
    void emit_extern(const ExternCall& s); // in emit_extern.cpp
    llvm::Value* descriptor(const ExternArgument& a, Loc loc);
    llvm::Value* narrow(llvm::Value* x, const Symbol& tensor, Loc loc);
    void emit_store(const Store& s);
    void emit_reduce(const Reduce& s);
    llvm::Value* reduced(const Reduce& s, llvm::Value* old);
    void emit_allocate(const Allocate& s);
    void place_on_stack(const Tensor& t);
    struct Sequence;
    void emit_in_sequence(const Stmt& s);
    llvm::Value* byte_count(const Tensor& t);
    void allocate(const Symbol& tensor, llvm::Value* bytes, Place place);
    void own(const Symbol& tensor, llvm::Value* memory);
    void release(const Symbol& tensor);
    void free_owned();
    llvm::Value* element_count(const Tensor& t);
    Place place_of(const Tensor& t, llvm::Value* base);
    void fail(llvm::Value* code);
    llvm::BasicBlock* block(const char* name);

    // Parallel loops, and other statements in functions of their own, in emit_parallel.cpp.
    /// What a body in a function of its own needs from outside, as one struct.
    struct Closure {
        std::vector<Symbol> variables, tensors;
        std::vector<llvm::Value*> values; ///< without constants and repetitions
        llvm::StructType* type = nullptr;
    };
    void emit_parallel(const For& s);
    void emit_apart(const Stmt& s);
    Closure capture(const Stmt& body, const Symbol& loop, llvm::Value* first);
    llvm::AllocaInst* in_frame(const Closure& closure);
    void fail_unless_zero(llvm::Value* code);
    void enter(FunctionEmitter& task, const Closure& closure,
               const std::map<llvm::Value*, llvm::Value*>& inside) const;
    llvm::Function* emit_task(const For& s, llvm::Value* first, const Closure& closure);

    // Networks of threads, in emit_network.cpp.
    void emit_threads(const For& s);
    void emit_network(const ExternCall& s);
    void emit_wait(const ExternCall& s, const NetworkFunction& f, llvm::Value* state,
                   const std::vector<Expr>& numbers);
    struct Waiting {
        llvm::Value *state, *control, *process, *code;
    };
    void emit_waits_for_ever(const NetworkFunction& f, const Waiting& w, const std::vector<Expr>& numbers);
    void emit_passed(llvm::Value* state, llvm::Value* control, bool written);
    llvm::Value* family(llvm::Value* state, const Expr& parent);
    llvm::Value* bound_before(const Stmt& body, const Expr& number);
    llvm::Value* control_of(const ExternCall& s, const NetworkFunction& f, const std::vector<Expr>& numbers);

    Unit& unit;
    llvm::Function* function;
    Builder b;
    Ops arithmetic;
    llvm::Value* user_context;
    std::map<Symbol, llvm::Value*> variables;
    std::map<Symbol, Place> tensors;
    std::unordered_map<const ExprNode*, std::pair<Expr, llvm::Value*>>
        memo; ///< of the statement being emitted
    std::vector<const ExprNode*> memo_order;
    std::unordered_map<const ExprNode*, std::pair<Expr, bool>> loads_inside;
    llvm::Value* alive = nullptr;      ///< lanes of the vector select's arm being emitted
    llvm::AllocaInst* error = nullptr; ///< the code to return
    llvm::AllocaInst* message = nullptr;
    llvm::BasicBlock* exit = nullptr;
    llvm::BasicBlock* unwind = nullptr; ///< where an error goes
    /// Memory from the heap, in places of the frame, so that an error can free what there is. (As values, all
    /// of them would live as long as an error is possible.) Null: nothing.
    llvm::AllocaInst* owned = nullptr;
    std::vector<Symbol> owners; ///< by place; empty: free for another tensor
    Sequence* sequence = nullptr;
    int64_t frame_bytes = 0;
};

template <class F> auto FunctionEmitter::in_scope(F f) {
    const size_t mark = memo_order.size();
    auto r = f();
    for (; memo_order.size() > mark; memo_order.pop_back())
        memo.erase(memo_order.back());
    return r;
}

template <class F> llvm::Value* FunctionEmitter::guarded(llvm::Value* condition, Type t, F f) {
    llvm::BasicBlock *then = block("then"), *after = block("after");
    llvm::BasicBlock* before = b.GetInsertBlock();
    b.CreateCondBr(condition, then, after);
    b.SetInsertPoint(then);
    llvm::Value* x = in_scope(f);
    llvm::BasicBlock* last = b.GetInsertBlock();
    b.CreateBr(after);
    b.SetInsertPoint(after);
    llvm::PHINode* phi = b.CreatePHI(x->getType(), 2);
    phi->addIncoming(x, last);
    phi->addIncoming(arithmetic.zero(t), before);
    return phi;
}

} // namespace lathe::codegen
