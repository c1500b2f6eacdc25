// Answers about dependences against all pairs of accesses of small runs: "none" must be a proof.

#include "ir_build.h"
#include "lathe/ir/polyhedral.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace lathe;
using namespace build;

namespace {

int64_t floor_quotient(int64_t a, int64_t b) {
    if (b == 0) return 0;
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// One element touched at one moment of a run.
struct Event {
    int64_t tensor; ///< of one allocation
    std::vector<int64_t> cell;
    bool write = false;
    const Reduce* reduce = nullptr;
    std::vector<std::pair<Symbol, int64_t>> loops;
    std::vector<int64_t> position; ///< in the region: children of blocks, values of loops
    std::vector<Symbol> entries;   ///< of the position: the loop that an entry is the value of, or no symbol
    std::vector<const StmtNode*> path;
    std::map<Symbol, int64_t> inputs; ///< of a store or reduction: its variables, the tensors that it means
};

/// Runs a program of Index numbers and records what it touches.
class Run {
  public:
    explicit Run(std::map<Symbol, int64_t> parameters) : values(std::move(parameters)) {}
    std::vector<Event> events;

    void statement(const Stmt& s) {
        if (!s.defined()) return;
        path.push_back(s.get());
        one(s);
        path.pop_back();
    }

  private:
    void one(const Stmt& s) {
        if (const auto* b = s.as<Block>()) {
            for (size_t n = 0; n < b->stmts.size(); ++n)
                at(static_cast<int64_t>(n), {}, [&] { statement(b->stmts[n]); });
        } else if (const auto* f = s.as<For>()) {
            int64_t min = 0, extent = 0;
            at(-1, {}, [&] { min = number(f->min), extent = number(f->extent); });
            for (int64_t v = min; v < min + extent; ++v) {
                values[f->var] = v;
                loops.emplace_back(f->var, v);
                at(v, f->var, [&] { statement(f->body); });
                loops.pop_back();
            }
        } else if (const auto* i = s.as<If>()) {
            bool holds = false;
            at(-1, {}, [&] { holds = number(i->condition) != 0; });
            at(holds ? 0 : 1, {}, [&] { statement(holds ? i->then_body : i->else_body); });
        } else if (const auto* l = s.as<LetStmt>()) {
            at(-1, {}, [&] { values[l->symbol] = number(l->value); });
            at(0, {}, [&] { statement(l->body); });
        } else if (const auto* a = s.as<Allocate>()) {
            for (const Tensor& t : a->tensors)
                identities[t.symbol] = ++next;
            statement(a->body);
        } else if (const auto* w = s.as<Store>()) {
            write(s, w->targets[0], nullptr);
        } else if (const auto* r = s.as<Reduce>()) {
            write(s, r->target, r);
        } else {
            FAIL("a statement that no program here has");
        }
    }

    void at(int64_t where, const Symbol& loop, const std::function<void()>& f) {
        position.push_back(where);
        entries.push_back(loop);
        f();
        position.pop_back();
        entries.pop_back();
    }

    void write(const Stmt& s, const StoreTarget& t, const Reduce* reduce) {
        inputs.clear();
        for (const Symbol& v : free_variables(s))
            inputs[v] = values.at(v);
        for (const std::set<Symbol>& tensors : {tensors_read(s), tensors_written(s)})
            for (const Symbol& x : tensors)
                inputs[x] = identity(x);
        const int64_t value = number(t.value);
        std::vector<int64_t> cell;
        for (const Expr& e : t.indices)
            cell.push_back(number(e));
        int64_t& element = memory[{identity(t.tensor), cell}];
        element = reduce ? element + value : value;
        touch(t.tensor, cell, true, reduce);
        inputs.clear();
    }

    void touch(const Symbol& tensor, std::vector<int64_t> cell, bool written, const Reduce* reduce) {
        events.push_back(
            {identity(tensor), std::move(cell), written, reduce, loops, position, entries, path, inputs});
    }
    int64_t identity(const Symbol& tensor) {
        return identities.try_emplace(tensor, -static_cast<int64_t>(tensor.id())).first->second;
    }

    int64_t number(const Expr& e) {
        if (const auto* c = e.as<Constant>()) return c->value.raw().get_si();
        if (const auto* v = e.as<Variable>()) return values.at(v->symbol);
        if (const auto* c = e.as<Cast>()) return number(c->a);
        if (const auto* u = e.as<Unary>()) return u->op == UnaryOp::neg ? -number(u->a) : !number(u->a);
        if (const auto* s = e.as<Select>())
            return number(s->condition) ? number(s->then_value) : number(s->else_value);
        if (const auto* l = e.as<Load>()) {
            std::vector<int64_t> cell;
            for (const Expr& i : l->indices)
                cell.push_back(number(i));
            touch(l->tensor, cell, false, nullptr);
            int64_t salt = 1;
            for (const int64_t c : cell)
                salt = salt * 7 + c;
            return memory.try_emplace({identity(l->tensor), cell}, (salt % 3 + 3) % 3).first->second;
        }
        const auto* b = e.as<Binary>();
        if (!b) FAIL("an expression that no program here has");
        return binary(b->op, number(b->a), number(b->b));
    }

    static int64_t binary(BinaryOp op, int64_t a, int64_t b) {
        switch (op) {
        case BinaryOp::add:
            return a + b;
        case BinaryOp::sub:
            return a - b;
        case BinaryOp::mul:
            return a * b;
        case BinaryOp::min:
            return std::min(a, b);
        case BinaryOp::max:
            return std::max(a, b);
        case BinaryOp::floordiv:
            return floor_quotient(a, b);
        case BinaryOp::floormod:
            return a - floor_quotient(a, b) * b;
        case BinaryOp::lt:
            return a < b;
        case BinaryOp::le:
            return a <= b;
        case BinaryOp::eq:
            return a == b;
        case BinaryOp::ne:
            return a != b;
        case BinaryOp::gt:
            return a > b;
        case BinaryOp::ge:
            return a >= b;
        case BinaryOp::logical_and:
            return a && b;
        case BinaryOp::logical_or:
            return a || b;
        default:
            FAIL("an operation that no program here has");
            return 0;
        }
    }

    std::map<Symbol, int64_t> values, identities, inputs;
    std::map<std::pair<int64_t, std::vector<int64_t>>, int64_t> memory;
    std::vector<std::pair<Symbol, int64_t>> loops;
    std::vector<int64_t> position;
    std::vector<Symbol> entries;
    std::vector<const StmtNode*> path;
    int64_t next = 0;
};

size_t depth_of(const Event& e, const Symbol& loop) {
    const auto found = std::ranges::find(e.loops, loop, [](const auto& l) { return l.first; });
    return static_cast<size_t>(found - e.loops.begin());
}

/// Both in the loop, in equal iterations around it, and one element that one of them writes.
bool meet(const Event& a, const Event& b, const Symbol& loop, bool commuting_free) {
    if (a.tensor != b.tensor || a.cell != b.cell || (!a.write && !b.write)) return false;
    if (commuting_free && a.reduce && b.reduce && a.reduce->commutes && b.reduce->commutes) return false;
    const size_t around = depth_of(a, loop);
    if (around >= a.loops.size() || around >= b.loops.size() || around != depth_of(b, loop)) return false;
    return std::equal(a.loops.begin(), a.loops.begin() + static_cast<long>(around), b.loops.begin());
}

bool any_pair(const std::vector<Event>& events, const std::function<bool(const Event&, const Event&)>& f) {
    for (size_t i = 0; i < events.size(); ++i)
        for (size_t j = i + 1; j < events.size(); ++j)
            if (f(events[i], events[j])) return true;
    return false;
}

bool runs_carried(const std::vector<Event>& events, const Symbol& loop, bool free) {
    return any_pair(events, [&](const Event& a, const Event& b) {
        const size_t at = depth_of(a, loop);
        return meet(a, b, loop, free) && a.loops[at].second != b.loops[at].second;
    });
}

/// Inner loops, statement, phase; at equal times the order of lanes is not relied on.
bool runs_lockstep(const std::vector<Event>& events, const Symbol& loop, int64_t min, int64_t lanes) {
    return any_pair(events, [&](const Event& a, const Event& b) {
        const size_t at = depth_of(a, loop);
        if (!meet(a, b, loop, true) || a.loops[at].second == b.loops[at].second) return false;
        if (lanes && floor_quotient(a.loops[at].second - min, lanes) !=
                         floor_quotient(b.loops[at].second - min, lanes))
            return false;
        const auto time = [&](const Event& e) {
            std::vector<int64_t> t = e.position;
            t.erase(t.begin() + (std::ranges::find(e.entries, loop) - e.entries.begin()));
            t.push_back(e.write ? 1 : 0);
            return t;
        };
        const auto first = time(a), second = time(b);
        return second < first || (first == second && a.write);
    });
}

bool runs_reversed(const std::vector<Event>& events, const Symbol& loop, const std::vector<Symbol>& order) {
    return any_pair(events, [&](const Event& a, const Event& b) {
        const bool alike = a.path.back() == b.path.back() && a.inputs == b.inputs && !a.inputs.empty();
        if (!meet(a, b, loop, true) || alike) return false;
        for (const Symbol& l : order) {
            const size_t x = depth_of(a, l), y = depth_of(b, l);
            if (x == a.loops.size() || y == b.loops.size()) return false;
            if (a.loops[x].second != b.loops[y].second) return b.loops[y].second < a.loops[x].second;
        }
        return false;
    });
}

/// Draws programs: up to three loops, guards, triangles, parameters, lets, selects, private tensors, data.
class Programs {
  public:
    explicit Programs(unsigned seed) : random(seed) {}
    const Symbol N{"N"}, M{"M"};
    std::vector<Symbol> loops;
    std::map<Symbol, int64_t> starts; ///< of the loops, -1 if that is no constant
    std::set<std::string> classes;    ///< what the last program has

    Stmt make() {
        loops.clear();
        scope.clear();
        classes.clear();
        Stmt s = nest(1 + pick(3), true);
        return pick(6) ? s : Block::make({s});
    }

    size_t pick(size_t n) { return random() % n; }

  private:
    Expr parameter() {
        classes.insert("symbolic");
        return var(pick(2) ? N : M);
    }

    Expr extent() {
        switch (pick(6)) {
        case 0:
        case 1:
            return parameter();
        case 2:
            if (scope.empty()) return parameter();
            classes.insert("triangle");
            return pick(2) ? iadd(var(any()), index(1)) : isub(var(N), var(any()));
        default:
            return index(1 + static_cast<int64_t>(pick(4)));
        }
    }

    Symbol any() { return scope[pick(scope.size())]; }

    Stmt nest(size_t depth, bool must) {
        if (depth == 0) return statement();
        const Symbol l(std::string(1, static_cast<char>('i' + loops.size())));
        Expr min = index(pick(4) ? 0 : 1);
        if (!scope.empty() && pick(6) == 0) {
            min = var(any());
            classes.insert("triangle");
        }
        const Expr size = extent();
        loops.push_back(l);
        starts[l] = as_int(min).value_or(-1);
        scope.push_back(l);
        std::vector<Stmt> parts;
        if (pick(3) == 0) parts.push_back(statement());
        parts.push_back(nest(depth - 1, must));
        if (pick(4) == 0) parts.push_back(statement());
        if (parts.size() > 1) classes.insert("imperfect");
        Stmt body = Block::make(std::move(parts));
        if (pick(8) == 0) {
            classes.insert("private");
            body = Allocate::make(tensor(own, Int(32), {index(9)}), body);
        }
        if (pick(4) == 0) body = If::make(condition(), body, pick(3) ? Stmt() : statement());
        scope.pop_back();
        return For::make(l, min, size, {}, body);
    }

    Expr condition() {
        classes.insert("guard");
        static constexpr std::array ops{BinaryOp::lt, BinaryOp::le, BinaryOp::eq, BinaryOp::ne, BinaryOp::ge};
        const Expr c = op(ops[pick(ops.size())], subscript(), subscript());
        switch (pick(5)) {
        case 0:
            return op(BinaryOp::logical_and, c, op(BinaryOp::lt, subscript(), subscript()));
        case 1:
            return op(BinaryOp::logical_or, c, op(BinaryOp::lt, subscript(), subscript()));
        case 2:
            return Unary::make(UnaryOp::bit_not, c);
        default:
            return c;
        }
    }

    Expr linear() {
        Expr e = index(static_cast<int64_t>(pick(5)) - 2);
        for (const Symbol& s : scope)
            e = iadd(e, imul(var(s), index(static_cast<int64_t>(pick(4)) - 1)));
        if (pick(6) == 0) e = iadd(e, parameter());
        return e;
    }

    Expr subscript() {
        const Expr e = linear();
        switch (pick(14)) {
        case 0:
            classes.insert("quotients");
            return ifloordiv(e, index(2));
        case 1:
            classes.insert("quotients");
            return ifloormod(e, index(3));
        case 2:
            classes.insert("parametric quotients");
            return pick(2) ? ifloordiv(e, parameter()) : ifloormod(e, parameter());
        case 3:
            return imin(e, linear());
        case 4:
            classes.insert("select");
            return Select::make(op(BinaryOp::lt, linear(), linear()), e, linear());
        case 5:
            classes.insert("data");
            return iadd(e, Cast::make(IndexType(), Load::make(pick(3) ? data : A, Int(32), {linear()})));
        case 6:
            classes.insert("products");
            return imul(e, scope.empty() ? parameter() : var(any()));
        default:
            return e;
        }
    }

    std::vector<Expr> cell(const Symbol& t) {
        if (!(t == B)) return {subscript()};
        if (pick(4)) return {subscript(), subscript()};
        classes.insert("quotients");
        const Expr e = linear(), by = pick(2) ? parameter() : index(2); // what fuse makes of two subscripts
        return {ifloordiv(e, by), ifloormod(e, by)};
    }

    Symbol some_tensor() {
        const bool is_private = classes.contains("private") && pick(2);
        return is_private ? own : pick(2) ? A : B;
    }

    Expr load() {
        const Symbol t = some_tensor();
        return Load::make(t, Int(32), cell(t));
    }

    Stmt statement() {
        const Symbol t = some_tensor();
        Expr value = Cast::make(Int(32), linear());
        if (pick(4)) value = load();
        if (pick(4) == 0) value = Select::make(condition(), value, load());
        Stmt s;
        if (pick(4) == 0) {
            classes.insert("reduction");
            s = Reduce::make(BinaryOp::add, {t, Int(32), cell(t), value});
        } else {
            s = Store::make(t, Int(32), cell(t), value);
        }
        if (pick(5) == 0) s = If::make(condition(), s, pick(3) ? Stmt() : statement());
        if (pick(6) == 0) {
            classes.insert("let");
            const Symbol l("l");
            const Expr kept = subscript();
            scope.push_back(l);
            Stmt inside = statement();
            scope.pop_back();
            s = Block::make({s, LetStmt::make(l, kept, inside)});
        }
        return s;
    }

    std::mt19937 random;
    std::vector<Symbol> scope;
    const Symbol A{"A"}, B{"B"}, own{"own"}, data{"data"};
};

struct Count {
    int asked = 0, free = 0, needless = 0;
};

void count(Count& c, bool depends, bool truly) {
    ++c.asked;
    c.free += !truly;
    c.needless += depends && !truly;
}

} // namespace

TEST_CASE("dependences: none means none, in random programs") {
    Programs programs(7);
    std::map<std::string, Count> counts;
    for (int n = 0; n < 150; ++n) {
        const Stmt s = programs.make();
        if (std::ranges::none_of(std::array{"data", "products", "parametric quotients"},
                                 [&](const char* c) { return programs.classes.contains(c); }))
            programs.classes.insert("affine only");
        std::vector<std::vector<Event>> runs;
        for (int64_t N = -1; N <= 4; ++N)
            for (int64_t M = -1; M <= 3; ++M) {
                Run run({{programs.N, N}, {programs.M, M}});
                run.statement(s);
                runs.push_back(std::move(run.events));
            }
        const auto sometimes = [&](const auto& question) { return std::ranges::any_of(runs, question); };
        const auto check = [&](const std::string& name, const std::optional<Dependence>& d, bool truly) {
            INFO("program ", n, ": ", name, "\n", print(s));
            const bool sound = d || !truly;
            CHECK(sound);
            count(counts[name.substr(0, name.find(' '))], d.has_value(), truly);
            for (const std::string& c : programs.classes)
                count(counts[c], d.has_value(), truly);
        };
        for (const Symbol& l : programs.loops) {
            for (const bool free : {false, true})
                check("carried by " + l.name(),
                      dependence_carried(s, l, free ? Commuting::free : Commuting::ordered),
                      sometimes([&](const auto& r) { return runs_carried(r, l, free); }));
            const int64_t min = programs.starts.at(l);
            const int64_t lanes = min < 0 ? 0 : static_cast<int64_t>(programs.pick(3)) * 2;
            check("lockstep of " + l.name(), dependence_in_lockstep(s, l, lanes),
                  sometimes([&](const auto& r) { return runs_lockstep(r, l, min, lanes); }));
        }
        std::vector<Symbol> order = programs.loops;
        std::ranges::reverse(order);
        const NewOrder time = [&](const Place& p) {
            std::vector<Expr> t;
            for (const Symbol& l : order) {
                if (std::ranges::find(p.loops, l) == p.loops.end()) break;
                t.push_back(var(l));
            }
            return t;
        };
        check("reversed", dependence_reversed(s, programs.loops[0], time),
              sometimes([&](const auto& r) { return runs_reversed(r, programs.loops[0], order); }));
    }
    for (const auto& [name, c] : counts)
        MESSAGE(name, ": ", c.asked, " asked, ", c.free, " independent, ", c.needless, " needlessly refused");
}
