#include "recorder.h"

#include "entry_checks.h"
#include "shape.h"

#include <algorithm>

namespace lathe {

using namespace ir;

size_t KernelTensor::version(Loc loc) const {
    if (!recorder)
        fail(loc, "{} is read outside of a kernel's body: {}", name(),
             local ? "it lives in the body only" : "list it among the arguments of the kernel that reads it");
    return recorder->read();
}

bool KernelBlock::inside(const KernelBlock& outer) const {
    for (const KernelBlock* b = this; b; b = b->parent)
        if (b == &outer) return true;
    return false;
}

Recorder::Recorder(KernelData& k) : kernel(k), current(&k.body) {
    std::set<const TensorData*> seen;
    std::set<const StreamData*> streams;
    for (const KernelArgument& a : k.arguments) {
        if (a.param) k.params.emplace(a.param->symbol, *a.param);
        if (a.stream && !streams.insert(a.stream.get()).second)
            fail(a.loc, "{} is listed twice among the arguments of {}", a.name(), k.symbol.name());
        if (!a.tensor) continue;
        if (!seen.insert(a.tensor.get()).second)
            fail(a.loc, "{} is listed twice among the arguments of {}", a.tensor->name(), k.symbol.name());
        Mentions mentions;
        for (const Dim& d : declared_dims(*a.tensor)) {
            mentions.add(d.min);
            mentions.add(d.extent);
        }
        k.params.merge(mentions.params);
        const auto* own = dynamic_cast<const KernelTensor*>(a.tensor.get());
        if (own && own->recorder)
            fail(a.loc, "{} is an argument of a kernel whose body runs at this moment", own->name());
    }
    for (const KernelArgument& a : k.arguments)
        if (const auto tensor = std::dynamic_pointer_cast<KernelTensor>(a.tensor)) {
            tensor->recorder = this;
            attached.push_back(tensor);
        }
}

Recorder::~Recorder() {
    for (const auto& tensor : attached)
        tensor->recorder = nullptr;
}

size_t Recorder::read() {
    times.push_back(current);
    return times.size() - 1;
}

bool Recorder::open(const KernelBlock* block) const {
    return block && current->inside(*block);
}

void Recorder::check_scope(const TensorData& tensor, Loc loc) const {
    const auto* own = dynamic_cast<const KernelTensor*>(&tensor);
    if (tensor.role == TensorRole::func)
        fail(loc, "{} is a Func, and a kernel takes Inputs, Outputs and InOuts: pass its values as an Input",
             tensor.name());
    if (own && own->local) {
        if (own->recorder != this || !open(own->home))
            fail(loc, "{} is used outside of the block where it was made at {}", tensor.name(),
                 tensor.loc.str());
        return;
    }
    if (tensor.role != TensorRole::constant &&
        std::none_of(kernel.arguments.begin(), kernel.arguments.end(),
                     [&](const KernelArgument& a) { return a.tensor.get() == &tensor; }))
        fail(loc, "{} is used and not among the arguments of {}: list it", tensor.name(),
             kernel.symbol.name());
}

void Recorder::check_scope(const StreamData& stream, Loc loc) const {
    const std::string& name = stream.symbol.name();
    if (stream.role == StreamData::Role::local) {
        if (stream.recorder != this || !open(stream.home))
            fail(loc, "{} is used outside of the dataflow where it was made at {}", name, stream.loc.str());
        return;
    }
    if (std::none_of(kernel.arguments.begin(), kernel.arguments.end(),
                     [&](const KernelArgument& a) { return a.stream.get() == &stream; }))
        fail(loc, "{} is used and not among the arguments of {}: list it", name, kernel.symbol.name());
}

void Recorder::use_stream(const StreamRef& s, bool writes, bool blocks, Loc loc) {
    const StreamData& stream = *s.data();
    const std::string& name = stream.symbol.name();
    check_scope(stream, loc);
    for (const Expr& e : s.subscripts())
        use(e, loc);
    if (s.subscripts().size() != stream.dims.size())
        fail(s.loc(), "the streams {} take {} subscripts, and one of them is named by {}", name,
             stream.dims.size(), s.subscripts().size());
    if (stream.role == StreamData::Role::local)
        fail(loc, "{} is a stream of a dataflow: the kernels that it is passed to read and write it", name);
    if (writes != (stream.role == StreamData::Role::out))
        fail(loc, "{} is {} by {}: {}", name, writes ? "written" : "read", kernel.symbol.name(),
             writes ? "an InStream is popped" : "an OutStream is pushed");
    if (blocks != !stream.block.empty())
        fail(loc, "{} passes {}: {}", name, blocks ? "values" : "blocks",
             blocks ? "push and pop them" : "fill and drain them");
}

void Recorder::use_load(const TensorLoad& load, Loc loc) {
    if (!load.source)
        fail(loc, "{} is a Func, and a kernel takes Inputs, Outputs and InOuts: pass its values as an Input",
             load.tensor.name());
    check_scope(*load.source, load.loc);
    if (load.source->role == TensorRole::constant) note_constant(load.source);
    if (load.source->role == TensorRole::kernel)
        uses.push_back({load.source.get(), load.version, times.size(), current, load.loc, loc});
}

void Recorder::use(const Expr& e, Loc loc) {
    Mentions mentions;
    mentions.add(e);
    for (const TensorLoad* load : mentions.loads)
        use_load(*load, loc);
    for (const auto& [symbol, variable] : mentions.variables) {
        if (variable->domain)
            fail(loc,
                 "RDom {} is used outside of a sum and the like: a kernel runs through positions by for_",
                 variable->domain->name);
        if (!loop_of(symbol))
            fail(loc, "{} is used outside of its loop: in a kernel a Var is the variable of a for_ around",
                 symbol.name());
    }
    for (const auto& [symbol, made_at] : mentions.lets) {
        const auto found = lets.find(symbol);
        if (found == lets.end() || !open(found->second))
            fail(loc, "the let of {} is used outside of the block where it was made", made_at.str());
    }
    kernel.params.merge(mentions.params);
    times.push_back(current);
}

void Recorder::write(const std::shared_ptr<TensorData>& tensor, Loc loc) {
    check_scope(*tensor, loc);
    const auto* own = dynamic_cast<const KernelTensor*>(tensor.get());
    if (own && own->read_only) fail(loc, "{} is a block that was drained: it is only read", tensor->name());
    writes[tensor.get()].push_back({times.size(), current, loc});
    times.push_back(current);
}

KernelItem& Recorder::append(std::unique_ptr<KernelItem> item) {
    if (current->leaves())
        fail(item->loc, "nothing runs behind the {} at {}: remove it, or put it under an if_",
             current->leaves()->loop ? "break_" : "return_", current->items.back()->loc.str());
    const auto is = [&]<class... T>(std::variant<T...>*) {
        return (std::holds_alternative<T>(item->what) || ...);
    };
    if (in_network() && !is(static_cast<std::variant<KernelStream, KernelLocal, KernelCall>*>(nullptr)))
        fail(item->loc,
             "a dataflow holds streams, arrays and calls of kernels: put this into a kernel of its own");
    current->items.push_back(std::move(item));
    return *current->items.back();
}

std::unique_ptr<KernelBlock> Recorder::make_block(KernelBlock::Kind kind, const void* branch) {
    auto block = std::make_unique<KernelBlock>();
    block->kind = kind;
    block->parent = current;
    block->branch = branch;
    block->begins = times.size();
    return block;
}

void Recorder::run(KernelBlock& block, const std::function<void()>& body) {
    KernelBlock* const outer = std::exchange(current, &block);
    body();
    current = outer;
}

void Recorder::bind(const Symbol& variable, const KernelBlock& loop, Loc loc) {
    if (!loops.emplace(variable, &loop).second)
        fail(loc, "{} is the variable of a loop around this one: use another Var", variable.name());
}

const KernelBlock* Recorder::loop_of(const Symbol& variable) const {
    const auto found = loops.find(variable);
    return found == loops.end() ? nullptr : found->second;
}

void Recorder::add_local(const std::shared_ptr<KernelTensor>& tensor) {
    tensor->local = true;
    tensor->recorder = this;
    tensor->home = current;
    attached.push_back(tensor);
}

void Recorder::add_local(StreamData& stream) {
    stream.recorder = this;
    stream.home = current;
}

void Recorder::add_call(const std::shared_ptr<const KernelData>& callee,
                        const std::vector<CallArgument>& arguments, std::vector<std::pair<Symbol, Expr>> ids,
                        Loc loc) {
    for (const auto& [symbol, param] : callee->params) {
        const bool given = std::any_of(
            callee->arguments.begin(), callee->arguments.end(), [&, &p = param](const KernelArgument& a) {
                return a.param ? a.param->symbol == p.symbol : a.tensor && has_size(*a.tensor, p);
            });
        if (!given) kernel.params.emplace(symbol, param);
    }
    for (const CallArgument& a : arguments)
        if (a.tensor && a.tensor->role == TensorRole::constant) note_constant(a.tensor);
    add(KernelCall{callee, arguments, std::move(ids)}, loc);
}

void Recorder::note_constant(const std::shared_ptr<TensorData>& tensor) {
    if (std::find(kernel.constants.begin(), kernel.constants.end(), tensor) == kernel.constants.end())
        kernel.constants.push_back(tensor);
}

namespace {

/// The blocks from `b` up to the outermost one.
std::vector<const KernelBlock*> chain(const KernelBlock& b) {
    std::vector<const KernelBlock*> all;
    for (const KernelBlock* at = &b; at; at = at->parent)
        all.push_back(at);
    return all;
}

/// The two stand in different arms of one if: a run of the blocks around takes only one of them.
bool exclusive(const KernelBlock& a, const KernelBlock& b) {
    for (const KernelBlock* x : chain(a))
        for (const KernelBlock* y : chain(b))
            if (x->branch && x->branch == y->branch && x != y) return true;
    return false;
}

/// Control that runs through a block of `from`'s chain to its end goes on in `target`: no break_ or return_
/// takes it elsewhere.
bool goes_on(const KernelBlock& from, const KernelBlock& target) {
    for (const KernelBlock* b = &from; b && !target.inside(*b); b = b->parent)
        if (const KernelLeave* leave = b->leaves())
            if (!leave->loop || target.inside(*leave->loop)) return false;
    return true;
}

} // namespace

/// Whether control passes from the making of the expression through the store to the use.
bool Recorder::stale(const Write& w, const Use& u, const KernelBlock& made_in) {
    const bool between = u.made < w.time && w.time < u.time;
    if (between && !exclusive(*w.block, *u.block) && !exclusive(made_in, *w.block) &&
        goes_on(*w.block, *u.block))
        return true;
    // Round a loop that the expression was made before.
    for (const KernelBlock* loop = u.block; loop; loop = loop->parent)
        if (loop->kind == KernelBlock::Kind::loop && u.made < loop->begins && w.block->inside(*loop) &&
            goes_on(*w.block, *loop))
            return true;
    return false;
}

void Recorder::check_stale() const {
    for (const Use& u : uses) {
        const auto found = writes.find(u.tensor);
        if (found == writes.end()) continue;
        for (const Write& w : found->second)
            if (stale(w, u, *times[u.made]))
                fail(u.loc,
                     "an expression that reads {} at {} is used here, and {} is stored to at {} before: keep "
                     "the value where it is read, as in Expr old = k.let({}{})",
                     u.tensor->name(), u.read_at.str(), u.tensor->name(), w.loc.str(), u.tensor->name(),
                     u.tensor->extents->empty() ? "" : "(…)");
    }
}

} // namespace lathe
