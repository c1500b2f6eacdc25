#pragma once
/// \file What a kernel's body records.

#include "nodes.h"

#include "lathe/dsl/kernel.h"

#include <variant>

namespace lathe {

using namespace ir;

class Recorder;

/// A tensor that kernels write: an argument, or a local of one kernel.
struct KernelTensor : TensorData {
    Direction direction = Direction::out;
    bool local = false;
    bool read_only = false; ///< a block that was drained
    MemorySpace space;
    const KernelBlock* home = nullptr; ///< a local's block
    Recorder* recorder = nullptr;      ///< of the kernel whose body runs now
    explicit KernelTensor(const Name& name) : TensorData(TensorRole::kernel, name) {}
    size_t version(Loc loc) const override;
};

/// A stream: an argument of kernels, or of one dataflow.
struct StreamData {
    enum class Role : uint8_t { in, out, local };
    Symbol symbol;
    Type type;
    Loc loc;
    Role role = Role::local;
    std::vector<Expr> dims;     ///< of an array of streams: Index
    std::vector<int64_t> block; ///< empty: a token is one value
    int64_t depth = 0;
    const KernelBlock* home = nullptr; ///< a local's block
    const Recorder* recorder = nullptr;
    StreamData(const Name& name, Type t);
};

/// \throws Error unless all extents of an array of streams are numbers.
std::vector<int64_t> stream_extents(const StreamData& s);

struct KernelTarget {
    std::shared_ptr<KernelTensor> tensor;
    std::vector<Expr> subscripts;
    Expr value; ///< without op and the old element
};

struct KernelStore {
    std::vector<KernelTarget> targets;
    std::optional<BinaryOp> op; ///< of `+=` and the like: one target
};
struct KernelFor {
    Symbol variable;
    Expr begin, end;
    int64_t step;
    std::unique_ptr<KernelBlock> body;
};
struct KernelWhile {
    Expr condition;
    std::unique_ptr<KernelBlock> body;
};
struct KernelIf {
    Expr condition;
    std::unique_ptr<KernelBlock> then_body, else_body; ///< the second may be null
};
struct KernelLet {
    Symbol symbol;
    Expr value;
};
struct KernelLocal {
    std::shared_ptr<KernelTensor> tensor;
};
/// break_ and return_.
struct KernelLeave {
    const KernelBlock* loop; ///< the body of the loop that is left; null: the kernel
};
struct KernelPrint {
    std::vector<std::string> texts;
    std::vector<Expr> values;
};
struct KernelRequire {
    Expr condition;
    std::string message;
};
struct KernelCall {
    std::shared_ptr<const KernelData> callee;
    std::vector<CallArgument> arguments;           ///< in the order of callee->arguments
    std::vector<std::pair<Symbol, Expr>> ids = {}; ///< of a spawn, each with its extent
};
struct KernelStream {
    std::shared_ptr<StreamData> stream;
};
struct KernelPush {
    StreamRef to;
    Expr value;
};
struct KernelPop {
    Symbol symbol;
    StreamRef from;
};
/// fill and drain.
struct KernelBlockUse {
    StreamRef stream;
    bool writes;
    std::shared_ptr<KernelTensor> tensor;
    std::unique_ptr<KernelBlock> body;
};
struct KernelDataflow {
    std::unique_ptr<KernelBlock> body;
};

struct KernelItem {
    Loc loc;
    std::variant<KernelStore, KernelFor, KernelWhile, KernelIf, KernelLet, KernelLocal, KernelLeave,
                 KernelPrint, KernelRequire, KernelCall, KernelStream, KernelPush, KernelPop, KernelBlockUse,
                 KernelDataflow>
        what;
};

/// Statements that run one after the other.
struct KernelBlock {
    enum class Kind : uint8_t { whole, loop, then_arm, else_arm, tokens, network };
    Kind kind = Kind::whole;
    const KernelBlock* parent = nullptr;
    const void* branch = nullptr; ///< of an arm: its if
    size_t begins = 0;            ///< time
    std::vector<std::unique_ptr<KernelItem>> items;

    const KernelLeave* leaves() const {
        return items.empty() ? nullptr : std::get_if<KernelLeave>(&items.back()->what);
    }
    bool inside(const KernelBlock& outer) const; ///< or the same
};

struct KernelData {
    Symbol symbol;
    Loc loc;
    std::vector<KernelArgument> arguments;
    KernelBlock body;
    std::map<Symbol, Param> params; ///< all that it uses
    std::vector<std::shared_ptr<TensorData>> constants;
    std::shared_ptr<const ExternFunction> external; ///< who runs it instead of the body; may be null
    KernelData(const Name& name, std::vector<KernelArgument> a)
        : symbol(name.text), loc(name.loc), arguments(std::move(a)) {}
};

} // namespace lathe
