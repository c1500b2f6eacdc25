/// \file Statements of the checking interpreter: each runs in all lanes before the next one does.

#include "interpret_checking.h"

#include "lathe/ir/analysis.h"

#include <cstdio>

namespace lathe::ir::interpreter {

namespace {

enum class Running : uint8_t { ordered, concurrent, lockstep };

/// How the iterations of a loop of this kind follow each other.
Running running(const For& s) {
    const LoopProperties& p = s.runs();
    if (p.concurrent) return Running::concurrent;
    return p.lockstep ? Running::lockstep : Running::ordered;
}

/// A part of a statement that a lane has prepared: a value, and where it goes.
struct Prepared {
    Lane* lane;
    CheckedTensor* tensor;
    CheckedTensor::Place place;
    Term value;
};

/// What the lanes of a statement wrote so far.
class Written {
  public:
    void add(const Prepared& p, Loc loc) {
        const auto [known, fresh] = by.try_emplace({p.tensor, p.place.shared}, p.lane);
        if (!fresh && known->second != p.lane)
            fail(loc, "two lanes write {} at once", p.tensor->element(p.place.dense));
    }

  private:
    std::map<std::pair<const CheckedTensor*, size_t>, const Lane*> by;
};

} // namespace

Checker::Checker(const Function& f, const std::vector<AnyBuffer*>& b, const std::map<Symbol, Value>& values,
                 bool apart, std::vector<CopyUse>* use)
    : function(f), buffers(b), lanes_apart(apart), copies(use) {
    for (const auto& [symbol, value] : values) {
        if (value.type().is_index())
            outermost.indices[symbol] = value.as_int64();
        else
            outermost.values[symbol] = Term::of(value);
    }
    for (size_t i = 0; i < buffers.size(); ++i) {
        const Argument& a = function.arguments[i];
        const bool given = a.direction != Direction::out;
        const TensorState state(a.tensor.symbol.name(), *buffers[i], given);
        auto t = std::make_shared<CheckedTensor>(state, a.tensor.type, a.direction == Direction::in);
        for (size_t n = 0; given && n < t->elements.size(); ++n)
            t->elements[n].hash = input_hash(i, n);
        outermost.tensors[a.tensor.symbol] = t;
        arguments.push_back(std::move(t));
    }
}

TermHashes Checker::run() {
    for (const Tensor& t : function.constants)
        outermost.tensors[t.symbol] = storage(t, outermost);
    output =
        storage({Symbol("the order of prints and calls"), Int(8), {}, {}, TypeOrigin::declared, nullptr, {}},
                outermost);
    evaluate.learn(function.body);
    statement(function.body, {&outermost});
    TermHashes hashes;
    hashes.prints = prints;
    for (size_t i = 0; i < arguments.size(); ++i) {
        std::vector<uint64_t>& of = hashes.arguments.emplace_back();
        if (function.arguments[i].direction == Direction::in) continue;
        for (const Element& e : arguments[i]->elements)
            of.push_back(e.written ? e.hash : 0);
    }
    return hashes;
}

void Checker::begin(const Lanes& lanes) {
    for (Lane* l : lanes)
        l->begin();
}

void Checker::statement(const Stmt& s, const Lanes& lanes) {
    if (!s.defined() || lanes.empty()) return;
    begin(lanes);
    switch (s.kind()) {
    case StmtKind::block:
        for (const Stmt& inner : s.as<Block>()->stmts)
            statement(inner, lanes);
        return;
    case StmtKind::for_:
        return loop(*s.as<For>(), lanes);
    case StmtKind::while_:
        return repeat(*s.as<While>(), lanes);
    case StmtKind::if_:
        return branch(*s.as<If>(), lanes);
    case StmtKind::let:
        return let(*s.as<LetStmt>(), lanes);
    case StmtKind::store:
        return store(*s.as<Store>(), lanes);
    case StmtKind::reduce:
        return reduce(*s.as<Reduce>(), lanes);
    case StmtKind::allocate:
        return allocate(*s.as<Allocate>(), lanes);
    case StmtKind::assert_:
        return check(*s.as<Assert>(), lanes);
    case StmtKind::print:
        return print(*s.as<Print>(), lanes);
    case StmtKind::extern_call:
        for (Lane* l : lanes)
            call(*s.as<ExternCall>(), *l);
        return;
    case StmtKind::copy:
        for (Lane* l : lanes)
            copy(*s.as<Copy>(), *l);
        return;
    case StmtKind::stage:
        return statement(s.as<Stage>()->body, lanes);
    case StmtKind::stream:
    case StmtKind::push:
    case StmtKind::pop:
    case StmtKind::fill:
    case StmtKind::drain:
    case StmtKind::call:
    case StmtKind::dataflow:
    case StmtKind::spawn:
        throw InternalError("calls and streams are gone when a Module is checked");
    }
    throw InternalError("a statement of unknown kind");
}

std::vector<Checker::Turn> Checker::turns(const For& s, const Lanes& lanes) {
    std::vector<Turn> all;
    for (Lane* l : lanes) {
        const int64_t first = evaluate.number(*l, s.min), count = evaluate.number(*l, s.extent);
        int64_t end;
        if (count <= 0) continue;
        if (__builtin_add_overflow(first, count, &end))
            fail(s.loc, "a loop of {} iterations from {} ends beyond 64 bits", count, first);
        all.push_back({l, first, count, l->in, ++runs});
    }
    return all;
}

void Checker::loop(const For& s, const Lanes& lanes) {
    std::vector<Turn> all = turns(s, lanes);
    if (running(s) == Running::lockstep)
        in_lanes(s, all);
    else
        in_step(s, std::move(all));
}

/// Every iteration of every lane is a lane.
void Checker::in_lanes(const For& s, const std::vector<Turn>& all) {
    std::deque<Lane> made;
    Lanes lanes;
    for (const Turn& t : all)
        for (int64_t i = t.first; i < t.first + t.count; ++i) {
            lanes.push_back(&made.emplace_back(*t.lane));
            lanes.back()->indices[s.var] = i;
        }
    statement(s.body, lanes);
}

/// The n-th iterations of all lanes together.
void Checker::in_step(const For& s, std::vector<Turn> all) {
    const bool concurrent = running(s) == Running::concurrent;
    for (int64_t n = 0; !all.empty(); ++n) {
        std::erase_if(all, [&](const Turn& t) { return n >= t.count || !goes_on(s, *t.lane); });
        Lanes lanes;
        for (const Turn& t : all) {
            t.lane->indices[s.var] = t.first + n;
            const unsigned depth = t.around ? t.around->depth + 1 : 1;
            if (concurrent) t.lane->in = &iterations.emplace_back(t.around, &s, t.run, t.first + n, depth);
            lanes.push_back(t.lane);
        }
        statement(s.body, lanes);
        for (const Turn& t : all)
            t.lane->in = t.around;
    }
}

/// Whether the rest of the loop can do anything.
bool Checker::goes_on(const For& s, Lane& lane) {
    const auto known = guards.find(&s);
    const Expr& guard =
        known != guards.end() ? known->second : guards.emplace(&s, runs_while(s)).first->second;
    if (!guard.defined()) return true;
    lane.begin();
    return evaluate.truth(lane, guard);
}

void Checker::repeat(const While& s, Lanes lanes) {
    while (true) {
        begin(lanes);
        std::erase_if(lanes, [&](Lane* l) { return !evaluate.truth(*l, s.condition); });
        if (lanes.empty()) return;
        statement(s.body, lanes);
    }
}

void Checker::branch(const If& s, const Lanes& lanes) {
    Lanes yes, no;
    for (Lane* l : lanes)
        (evaluate.truth(*l, s.condition) ? yes : no).push_back(l);
    statement(s.then_body, yes);
    statement(s.else_body, no);
}

void Checker::let(const LetStmt& s, const Lanes& lanes) {
    for (Lane* l : lanes) {
        if (s.value.type().is_index())
            l->indices[s.symbol] = evaluate.number(*l, s.value);
        else
            l->values[s.symbol] = evaluate.term(*l, s.value);
    }
    statement(s.body, lanes);
}

std::shared_ptr<CheckedTensor> Checker::storage(const Tensor& tensor, Lane& lane) {
    std::vector<int64_t> mins, extents;
    for (const Dim& d : tensor.dims) {
        mins.push_back(evaluate.number(lane, d.min));
        extents.push_back(std::max<int64_t>(evaluate.number(lane, d.extent), 0)); // as of a loop: nothing
    }
    const bool constant = tensor.data != nullptr;
    auto t = std::make_shared<CheckedTensor>(make_state(tensor, mins, extents), tensor.type, constant);
    for (size_t n = 0; constant && n < t->elements.size(); ++n) {
        t->elements[n].hash = Term::of((*tensor.data)[n]).hash;
        t->elements[n].load_free = true;
    }
    return t;
}

void Checker::allocate(const Allocate& s, const Lanes& lanes) {
    for (Lane* l : lanes)
        for (const Tensor& t : s.tensors)
            l->tensors[t.symbol] = storage(t, *l);
    statement(s.body, lanes);
    for (Lane* l : lanes)
        for (const Tensor& t : s.tensors)
            l->tensors.erase(t.symbol);
}

void Checker::store(const Store& s, const Lanes& lanes) {
    std::vector<Prepared> all;
    for (Lane* l : lanes) {
        if (s.predicate.defined() && !evaluate.truth(*l, s.predicate)) continue;
        for (const StoreTarget& t : s.targets) {
            Term value = cast_term(t.type, evaluate.term(*l, t.value));
            CheckedTensor& to = l->tensor(t.tensor, s.loc);
            invariant(to.type == t.type, "a store has its tensor's element type");
            const auto place = to.locate(evaluate.numbers(*l, t.indices), s.loc);
            all.push_back({l, &to, place, std::move(value)});
        }
    }
    Written written;
    for (const Prepared& p : all) {
        if (lanes_apart) written.add(p, s.loc);
        p.tensor->write(p.place, p.value, p.lane->in, s.loc);
    }
}

/// The operands of old + a·b, rounded once, in the type that the sum would have.
Checker::Product Checker::product(const Reduce& s, Lane& lane) {
    const auto* n = s.target.value.as<Binary>();
    invariant(n && n->op == BinaryOp::mul, "a contracted reduction adds a product");
    const Type wide = aligned_type(s.target.type, n->type, s.loc);
    const auto widened = [&](const Expr& e, const Expr& beside) {
        return cast_term(wide, cast_term(n->type, term_beside(evaluate.term(lane, e), beside.type())));
    };
    return {widened(n->a, n->b), widened(n->b, n->a)};
}

void Checker::reduce(const Reduce& s, const Lanes& lanes) {
    const StoreTarget& t = s.target;
    struct Step {
        Prepared to;
        Product factors;
    };
    std::vector<Step> all;
    for (Lane* l : lanes) {
        if (s.predicate.defined() && !evaluate.truth(*l, s.predicate)) continue;
        Step step{};
        if (s.contract)
            step.factors = product(s, *l);
        else
            step.to.value = term_beside(evaluate.term(*l, t.value), t.type);
        CheckedTensor& to = l->tensor(t.tensor, s.loc);
        invariant(to.type == t.type, "a reduction has its tensor's element type");
        step.to.lane = l;
        step.to.tensor = &to;
        step.to.place = to.locate(evaluate.numbers(*l, t.indices), s.loc);
        all.push_back(std::move(step));
    }
    Written written;
    for (const auto& [to, factors] : all) {
        if (lanes_apart && !s.commutes) written.add(to, s.loc);
        const Term old = to.tensor->read(to.place, to.lane->in, s.loc);
        Term next;
        if (s.contract)
            next = fma_term(factors.a, factors.b, cast_term(factors.a.value.type(), old));
        else if (s.commutes)
            next = commuting_term(s.op, t.type, old, to.value);
        else
            next = binary_term(s.op, result_type(s.op, t.type, to.value.value.type(), s.loc), old, to.value);
        to.tensor->write(to.place, cast_term(t.type, next), to.lane->in, s.loc);
    }
}

void Checker::check(const Assert& s, const Lanes& lanes) {
    for (Lane* l : lanes)
        if (!evaluate.truth(*l, s.condition)) throw Error(s.loc, s.message);
}

void Checker::print(const Print& s, const Lanes& lanes) {
    for (Lane* l : lanes) {
        output->touch_write({}, l->in, s.loc);
        std::string line = s.texts[0];
        for (size_t i = 0; i < s.values.size(); ++i) {
            const Term t = evaluate.term(*l, s.values[i]);
            line += printed(t.value) + s.texts[i + 1];
            prints = hash_of({prints, t.hash});
        }
        for (const std::string& text : s.texts)
            prints = hash_of({prints, hash_of(text)});
        std::puts(line.c_str());
    }
}

/// With the terms of its elements, and those that hold nothing.
void Checker::copy(const Copy& s, Lane& lane) {
    CheckedTensor &from = lane.tensor(s.from, s.loc), &to = lane.tensor(s.to, s.loc);
    output->touch_write({}, lane.in, s.loc);
    for (size_t n = 0; n < from.elements.size(); ++n) {
        from.touch_read({nullptr, n, n}, lane.in, s.loc);
        to.touch_write({nullptr, n, n}, lane.in, s.loc);
        Element &a = from.elements[n], &b = to.elements[n];
        b.hash = a.hash;
        b.sum = a.sum;
        b.load_free = a.load_free;
        b.written = a.written;
    }
    copy_elements(from.buffer, to.buffer);
    if (copies) copies->push_back(copy_use(s, from.buffer));
}

void Checker::call(const ExternCall& s, Lane& lane) {
    require_address(s);
    output->touch_write({}, lane.in, s.loc);
    std::vector<ExternOperand> operands;
    uint64_t given = hash_of(s.callee->name);
    for (const ExternArgument& a : s.arguments) {
        if (!a.tensor) {
            const Term x = evaluate.term(lane, a.value);
            given = hash_of({given, x.hash});
            operands.push_back({nullptr, {}, a.type, x.value});
            continue;
        }
        CheckedTensor& t = lane.tensor(a.tensor, s.loc);
        operands.push_back({&t.buffer, t.name, a.type, {}});
        for (size_t n = 0; a.direction != Direction::out && n < t.elements.size(); ++n) {
            if (!t.elements[n].written)
                fail(
                    s.loc,
                    "{} is passed to the extern function {}, which reads it, and not all of it was stored to",
                    t.name, s.callee->name);
            t.touch_read({nullptr, n, n}, lane.in, s.loc);
            given = hash_of({given, t.elements[n].hash});
        }
    }
    call_extern(*s.callee, operands, s.loc);
    for (size_t i = 0; i < s.arguments.size(); ++i) {
        if (!s.arguments[i].tensor || s.arguments[i].direction == Direction::in) continue;
        CheckedTensor& t = lane.tensor(s.arguments[i].tensor, s.loc);
        for (size_t n = 0; n < t.elements.size(); ++n) {
            t.touch_write({nullptr, n, n}, lane.in, s.loc);
            t.elements[n].hash = extern_hash(given, i, n);
            t.elements[n].sum = {};
            t.elements[n].load_free = false;
        }
    }
}

} // namespace lathe::ir::interpreter
