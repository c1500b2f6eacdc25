#include "sides.h"

#include "device_groups.h"
#include "outlined.h"
#include "transfers.h"

#include "lathe/ir/layout.h"
#include "lathe/ir/rename.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// A tensor of the top Function that stages of the device use.
struct Shared {
    Tensor tensor;
    std::optional<Direction> argument;
    Stmt scope;                       ///< its Allocate; of an argument the whole body
    std::set<const StmtNode*> groups; ///< that touch it
    bool host = false;                ///< something on the host does
    bool repeated = false;            ///< a loop stands between its Allocate and a group
};

/// What the top Function's statements on the host, and its groups, do with its tensors.
class Survey {
  public:
    Survey(const Function& top, const Stmt& body) {
        for (const Argument& a : top.arguments)
            all[a.tensor.symbol] = {a.tensor, a.direction, body, {}, true};
        walk(body);
    }
    std::map<Symbol, Shared> all;
    std::vector<Stmt> groups;

  private:
    int loops = 0;
    std::map<Symbol, int> depth;

    void walk(const Stmt& s) {
        if (!s.defined()) return;
        if (as_group(s)) {
            groups.push_back(s);
            for (const Symbol& t : touched(s))
                if (const auto found = all.find(t); found != all.end()) {
                    found->second.groups.insert(s.get());
                    found->second.repeated = found->second.repeated || loops > depth[t];
                }
            return;
        }
        if (!has_group(s)) {
            for (const Symbol& t : touched(s))
                on_host(t);
            return;
        }
        for (const Expr& x : expressions(s))
            for (const Symbol& t : tensors_read(x))
                on_host(t);
        if (const auto* a = s.as<Allocate>())
            for (const Tensor& t : a->tensors) {
                all[t.symbol] = {t, {}, s, {}};
                depth[t.symbol] = loops;
            }
        const bool loop = s.as<For>() || s.as<While>();
        loops += loop;
        for (const Stmt& body : bodies(s))
            walk(body);
        loops -= loop;
    }

    void on_host(const Symbol& t) {
        if (const auto found = all.find(t); found != all.end()) found->second.host = true;
    }
    static std::set<Symbol> touched(const Stmt& s) {
        std::set<Symbol> both = tensors_read(s);
        both.merge(tensors_written(s));
        return both;
    }
};

bool has_constant_size(const Tensor& t) {
    return std::ranges::all_of(t.dims, [](const Dim& d) { return as_int(simplify(d.extent)).has_value(); });
}

class Sides {
  public:
    explicit Sides(const Edit& edit) : e(edit), module(edit.state().module) {}

    Module run() {
        Function& top = module.top();
        const Stmt grouped = grouped_stages(e);
        Survey survey(top, grouped);
        for (auto& [symbol, shared] : survey.all)
            if (!shared.groups.empty()) place(shared);
        for (const Stmt& g : survey.groups)
            make_kernel(g, survey.all);
        top.body = rebuilt(grouped);
        top.body = around_rest(top.body);
        std::erase_if(top.constants, [&](const Tensor& t) {
            return tensors_read(top.body).contains(t.symbol) ? false : used_on_device.contains(t.symbol);
        });
        module.functions.insert(module.functions.begin() + 1, kernels.begin(), kernels.end());
        return std::move(module);
    }

  private:
    const Edit& e;
    Module module;
    std::vector<Function> kernels;
    std::map<std::string, std::vector<MemorySpace>> lie_in; ///< what a kernel was first called with
    std::map<Symbol, Symbol> names;                         ///< of tensors, on the device
    std::map<const StmtNode*, Stmt> calls;                  ///< of the kernels, by group
    std::map<const StmtNode*, std::vector<Tensor>> inside;  ///< tensors of one kernel alone
    std::set<Symbol> own, moved;                            ///< of the device alone, of a kernel alone
    std::map<Symbol, std::vector<Tensor>> beside;           ///< the device's, by the host's
    std::vector<Tensor> of_arguments;
    std::map<const StmtNode*, std::vector<Stmt>> before, behind; ///< copies
    std::set<Symbol> used_on_device;

    static std::string_view used_by(const Shared& s) {
        return s.host ? "the host uses it, too" : "several kernels, or several runs of one, use it";
    }

    void place(const Shared& s) {
        const Symbol& symbol = s.tensor.symbol;
        if (!s.host && s.groups.size() == 1 && !s.repeated && has_constant_size(s.tensor)) {
            inside[*s.groups.begin()].push_back(s.tensor);
            moved.insert(symbol);
            return;
        }
        if (s.argument && !s.tensor.layout.plain())
            e.refuse(
                "{} passes the ports of its kernel in words, and a host copies arrays to the device element "
                "by element: call stencil without word",
                symbol.name());
        if (!s.tensor.layout.plain())
            e.refuse("{} lies in the memory of the device, as {}, and has banks, words or room of its own "
                     "there. Copy it in the kernel, with buffer_at, and name the copy",
                     symbol.name(), used_by(s));
        if (s.tensor.space.on_chip())
            e.refuse("{} is in {}, which belongs to one kernel, and {}", symbol.name(), s.tensor.space.name(),
                     used_by(s));
        if (!s.host) {
            own.insert(symbol);
            names[symbol] = symbol;
            return;
        }
        Tensor t = s.tensor;
        t.symbol = names[symbol] = Symbol(symbol.name() + "_device");
        if (!t.space.beside()) t.space = MemorySpace::device();
        t.origin = TypeOrigin::declared;
        t.layout = {};
        if (s.argument)
            of_arguments.push_back(t);
        else
            beside[symbol].push_back(t);
        for (const Transfer& c : transfers(e, s.scope, s.tensor, s.argument)) {
            const bool there = c.to == Side::device;
            (c.behind ? behind : before)[c.at].push_back(Copy::make(
                there ? symbol : t.symbol, there ? t.symbol : symbol, c.to, t.type, t.dims, e.step().loc));
        }
    }

    void make_kernel(const Stmt& group, const std::map<Symbol, Shared>& tensors) {
        const Stage& g = *as_group(group);
        std::map<Symbol, const Tensor*> in_scope;
        for (const auto& [symbol, shared] : tensors)
            if (!moved.contains(symbol)) in_scope[symbol] = &shared.tensor;
        Substitution given;
        Stmt body = with_numbers_named(g.body, given);
        if (const auto found = inside.find(group.get()); found != inside.end())
            body = Allocate::make(found->second, body);
        const Outlined made(in_scope, body,
                            free_function_name(g.func.name() + "_device", module.functions, kernels));
        Function f = made.with_body(body);
        f.side = Side::device;
        add_constants(f);
        Stmt call = substitute(rename(made.call(g.loc), names), given);
        const auto& c = *call.as<CallStmt>();
        if (const Function* same = equal_kernel(f, c)) {
            call = CallStmt::make(same->name, c.tensors, c.values, c.streams, c.loc);
        } else {
            lie_in[f.name] = places_of(c);
            kernels.push_back(std::move(f));
        }
        calls[group.get()] = call;
    }

    /// A parameter of the program, which shapes of its tensors name, too.
    bool is_size(const Expr& e) const {
        const auto* v = e.as<Variable>();
        return v &&
               std::ranges::find(module.top().params, v->symbol, &Param::symbol) != module.top().params.end();
    }

    /// The numbers that a single call passes are the kernel's, too, so that other calls can be of the same
    /// one.
    Stmt with_numbers_named(const Stmt& body, Substitution& given) const {
        const auto* c = body.as<CallStmt>();
        if (!c) return body;
        std::vector<Expr> values;
        for (size_t n = 0; n < c->values.size(); ++n) {
            const Expr& v = c->values[n];
            if (is_size(v) || !tensors_read(v).empty()) {
                values.push_back(v);
                continue;
            }
            const Symbol name(module.function(c->callee).params[n].symbol.name());
            values.push_back(Variable::make(name, v.type(), v.loc()));
            given[name] = v;
        }
        return CallStmt::make(c->callee, c->tensors, values, c->streams, c->loc);
    }

    /// A constant is a part of each kernel that reads it.
    void add_constants(Function& f) {
        std::map<Symbol, Symbol> fresh;
        for (const Tensor& t : module.top().constants)
            if (tensors_read(f.body).contains(t.symbol)) {
                f.constants.push_back(t);
                f.constants.back().symbol = fresh[t.symbol] = Symbol(t.symbol.name());
                used_on_device.insert(t.symbol);
            }
        f.body = rename(f.body, fresh);
    }

    /// The memory in which each tensor of the call lies: a port of a kernel leads to one bank.
    std::vector<MemorySpace> places_of(const CallStmt& c) const {
        std::vector<MemorySpace> all;
        for (const TensorView& v : c.tensors)
            all.push_back(space_of(v.tensor));
        return all;
    }
    MemorySpace space_of(const Symbol& t) const {
        const auto is = [&](const Tensor& x) { return x.symbol == t; };
        if (const auto found = std::ranges::find_if(of_arguments, is); found != of_arguments.end())
            return found->space;
        for (const auto& [host, tensors] : beside)
            if (const auto found = std::ranges::find_if(tensors, is); found != tensors.end())
                return found->space;
        for (const Argument& a : module.top().arguments)
            if (is(a.tensor)) return a.tensor.space;
        return MemorySpace::device();
    }

    /// One that does the same for tensors in the same memory, so that hardware has it once.
    const Function* equal_kernel(const Function& f, const CallStmt& call) const {
        for (const Function& k : kernels) {
            if (!(lie_in.at(k.name) == places_of(call))) continue;
            Function a = k, b = f;
            a.name = b.name = "";
            if (equal(Module{{a}}, Module{{b}})) return &k;
        }
        return nullptr;
    }

    /// With calls of the kernels, copies and the device's tensors.
    Stmt rebuilt(const Stmt& s) {
        Stmt now = s;
        if (const auto call = calls.find(s.get()); call != calls.end())
            now = call->second;
        else if (has_group(s))
            now = with_bodies(s, [&](const Stmt& body) { return rebuilt(body); });
        if (const auto* a = now.as<Allocate>()) now = placed(*a);
        std::vector<Stmt> all;
        if (const auto found = before.find(s.get()); found != before.end())
            all.insert(all.end(), found->second.begin(), found->second.end());
        all.push_back(now);
        if (const auto found = behind.find(s.get()); found != behind.end())
            all.insert(all.end(), found->second.begin(), found->second.end());
        return Block::make(std::move(all));
    }

    Stmt placed(const Allocate& a) const {
        std::vector<Tensor> tensors;
        for (Tensor t : a.tensors) {
            if (moved.contains(t.symbol)) continue;
            if (own.contains(t.symbol)) t.space = MemorySpace::device();
            tensors.push_back(t);
            if (const auto found = beside.find(t.symbol); found != beside.end())
                tensors.insert(tensors.end(), found->second.begin(), found->second.end());
        }
        return tensors.empty() ? a.body : Allocate::make(std::move(tensors), a.body);
    }

    /// The arguments' tensors on the device live behind the checks at the entry.
    Stmt around_rest(const Stmt& body) const {
        if (of_arguments.empty()) return body;
        const auto* b = body.as<Block>();
        if (!b) return Allocate::make(of_arguments, body);
        const auto rest = std::ranges::find_if(b->stmts, [](const Stmt& s) { return !s.as<Assert>(); });
        std::vector<Stmt> all(b->stmts.begin(), rest);
        all.push_back(Allocate::make(of_arguments, Block::make({rest, b->stmts.end()})));
        return Block::make(std::move(all));
    }
};

} // namespace

Module with_sides(const Edit& e) {
    return Sides(e).run();
}

} // namespace lathe::schedule
