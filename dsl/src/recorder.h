#pragma once
/// \file Records a kernel's body while it runs, and checks what only the whole program shows: that no
/// expression is used where what it reads has changed.

#include "kernel_program.h"

namespace lathe {

using namespace ir;

class Recorder {
  public:
    explicit Recorder(KernelData& k);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// The moment of a read that is made now.
    size_t read();
    /// `e` is evaluated here. \throws Error when it mentions something that is not in scope.
    void use(const Expr& e, Loc loc);
    /// `tensor` is stored to here.
    void write(const std::shared_ptr<TensorData>& tensor, Loc loc);
    void check_scope(const TensorData& tensor, Loc loc) const;
    void check_scope(const StreamData& stream, Loc loc) const;
    /// A stream that is popped (pushed) here; `blocks`: drained (filled). \throws Error if it is another
    /// kind.
    void use_stream(const StreamRef& s, bool writes, bool blocks, Loc loc);

    KernelBlock& here() { return *current; }
    const std::string& name() const { return kernel.symbol.name(); }
    /// \throws Error behind a break_ or return_.
    template <class T> T& add(T what, Loc loc) {
        return std::get<T>(append(std::make_unique<KernelItem>(KernelItem{loc, std::move(what)})).what);
    }
    /// Runs `body` with a new block as the current one.
    std::unique_ptr<KernelBlock> make_block(KernelBlock::Kind kind, const void* branch);
    void run(KernelBlock& block, const std::function<void()>& body);
    void bind(const Symbol& variable, const KernelBlock& loop, Loc loc);
    void release(const Symbol& variable) { loops.erase(variable); }
    const KernelBlock* loop_of(const Symbol& variable) const;
    void add_local(const std::shared_ptr<KernelTensor>& tensor);
    void add_local(StreamData& stream);
    bool in_network() const { return current->kind == KernelBlock::Kind::network; }
    /// Parameters that the callee uses and the call does not give are parameters here too.
    void add_call(const std::shared_ptr<const KernelData>& callee, const std::vector<CallArgument>& arguments,
                  std::vector<std::pair<Symbol, Expr>> ids, Loc loc);
    void note_let(const Symbol& symbol) { lets[symbol] = current; }

    /// After the body has run. \throws Error for a stale use.
    void check_stale() const;

  private:
    struct Write {
        size_t time;
        const KernelBlock* block;
        Loc loc;
    };
    struct Use {
        const TensorData* tensor;
        size_t made, time;
        const KernelBlock* block;
        Loc read_at, loc;
    };
    KernelItem& append(std::unique_ptr<KernelItem> item);
    void note_constant(const std::shared_ptr<TensorData>& tensor);
    bool open(const KernelBlock* block) const;
    static bool stale(const Write& w, const Use& u, const KernelBlock& made_in);
    void use_load(const TensorLoad& load, Loc loc);

    KernelData& kernel;
    KernelBlock* current;
    std::vector<const KernelBlock*> times; ///< the block of each moment
    std::vector<std::shared_ptr<KernelTensor>> attached;
    std::map<Symbol, const KernelBlock*> loops; ///< variables of the loops around
    std::map<Symbol, const KernelBlock*> lets;
    std::map<const TensorData*, std::vector<Write>> writes;
    std::vector<Use> uses;
};

} // namespace lathe
