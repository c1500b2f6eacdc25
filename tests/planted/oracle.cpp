// Random calls on random programs: what is accepted is right for all small sizes; what a dependence query
// refuses is forced and runs, to learn how much is refused needlessly.

#include "judge.h"

#include "deep.h"
#include "random_nest.h"

#include "lathe/ir/polyhedral.h"

#include <iomanip>
#include <sstream>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A Module's runs for small sizes and several data, to be compared with.
class Reference {
  public:
    Reference(const Module& module, std::mt19937& random) : m(module) {
        const auto sizes = small_sizes(m, deep() ? 16 : 8, random);
        for (size_t n = 0; n < sizes.size(); ++n)
            for (int data = 0; data < (n == 0 ? 3 : 1); ++data)
                add(sizes[n], static_cast<unsigned>(random()));
    }

    /// What differs for some of the sizes; then, if `thorough`, for all of them and more data.
    std::string difference(const Module& scheduled, bool thorough) {
        size_t next = 0;
        if (std::string d = from(scheduled, next); !d.empty() || !thorough) return d;
        if (!all) {
            all = true;
            std::mt19937 in_order(1);
            for (const Sizes& sizes : small_sizes(m, SIZE_MAX, in_order))
                for (unsigned seed = 0; seed < 8; ++seed)
                    add(sizes, 100 + seed);
        }
        return from(scheduled, next);
    }

  private:
    void add(const Sizes& sizes, unsigned seed) {
        runs.emplace_back(m, make_arguments(m, sizes, seed), make_scalars(m, sizes));
    }
    std::string from(const Module& scheduled, size_t& next) const {
        for (; next < runs.size(); ++next)
            if (std::string d = runs[next].difference(scheduled, true); !d.empty()) return d;
        return {};
    }

    const Module m;
    std::vector<CheckedRun> runs;
    bool all = false;
};

struct Row {
    int pairs = 0, accepted = 0, illegal = 0, needless = 0;
};

/// Counts of one class or one primitive.
class Table {
  public:
    void add(const std::string& name, Verdict v) {
        Row& r = rows[name];
        ++r.pairs;
        r.accepted += v == Verdict::right;
        r.illegal += v == Verdict::illegal;
        r.needless += v == Verdict::needless;
    }
    const Row& operator[](const std::string& name) { return rows[name]; }
    std::string text() const {
        std::ostringstream out;
        for (const auto& [name, r] : rows)
            out << "\n"
                << std::left << std::setw(26) << name << std::right << std::setw(7) << r.pairs << std::setw(9)
                << r.accepted << std::setw(9) << r.illegal << std::setw(9) << r.needless;
        return out.str();
    }

  private:
    std::map<std::string, Row> rows;
};

/// Where the linear tests alone say that there is no dependence, the sets must say so, too. Counts what they
/// were asked.
class TwoEngines {
  public:
    int none = 0, some = 0;

    void compare(const Stmt& root) {
        const std::function<void(const Stmt&)> walk = [&](const Stmt& s) {
            if (!s.defined()) return;
            if (const For* f = s.as<For>()) loop(root, *f);
            for (const Stmt& t : bodies(s))
                walk(t);
        };
        walk(root);
    }

  private:
    void loop(const Stmt& root, const For& f) {
        INFO("loop " << f.var.name() << " of\n" << print(root));
        for (const Commuting c : {Commuting::ordered, Commuting::free})
            one(loop_carried(root, f.var, c).has_value(), [&] { return dependence_carried(root, f.var, c); });
        one(lockstep_conflict(root, f.var).has_value(), [&] { return dependence_in_lockstep(root, f.var); });
        if (const For* inner = f.body.as<For>()) exchange(root, f.var, inner->var);
    }
    template <class Ask> void one(bool maybe, const Ask& ask) {
        ++(maybe ? some : none);
        if (maybe) return; // both were asked
        const auto found = ask();
        CHECK_MESSAGE(!found, found->conflict.describe() << " " << found->witness.describe());
    }
    void exchange(const Stmt& root, const Symbol& outer, const Symbol& inner) {
        const NewOrder order = [&](const Place& p) {
            std::vector<Expr> time;
            for (const Symbol& l : {inner, outer})
                if (std::ranges::find(p.loops, l) != p.loops.end())
                    time.push_back(Variable::make(l, IndexType()));
            return time;
        };
        one(reorder_conflict(root, {outer, inner}, {inner, outer}).has_value(),
            [&] { return dependence_reversed(root, outer, order); });
    }
};

/// What kept a call from being accepted.
std::string reason(const std::string& refusal) {
    const auto has = [&](const char* part) { return refusal.find(part) != refusal.npos; };
    if (has(" is read as ")) return "an element written, then read";
    if (!has(" is written as ")) return "repeated iterations";
    return has(" written at ") && refusal.find(" written at ") < refusal.find(" is written as ")
               ? "an element written twice"
               : "an element read, then written";
}

class LegalityOracle {
  public:
    void run(int wanted) {
        for (unsigned seed = 0; total().pairs < wanted; ++seed) {
            std::mt19937 random(seed);
            try {
                const Nest nest = random_nest(random, true);
                on(nest, random);
            } catch (const InternalError& e) {
                FAIL_CHECK("seed " << seed << ": " << e.message());
            } catch (const Error&) {
                // no program
            }
        }
    }

    const Row& total() { return table["all"]; }
    Table table;
    int to_prove = 0;                   ///< legal, and not by the primitive's kind
    std::string needless_text;          ///< calls and programs
    std::map<std::string, int> reasons; ///< of needless refusals
    TwoEngines engines;

  private:
    void on(const Nest& nest, std::mt19937& random) {
        Schedule s(nest.algorithm);
        Reference reference(s.reference(), random);
        engines.compare(s.module().top().body);
        int taken = 0;
        for (int n = 0; n < 12 && taken < 3; ++n) {
            const auto call = draw_call(s, nest.algorithm, random, true);
            if (!call) continue;
            const Decision d = decide(s, call->make, [&](const Module& m, bool thorough) {
                return reference.difference(m, thorough);
            });
            if (d.verdict == Verdict::other) continue;
            INFO(d.text << "\n" << d.after.trace() << print(s));
            CHECK(d.verdict != Verdict::wrong);
            if (!call->asks && random() % 3 != 0) continue; // most of them are always legal
            ++taken;
            count_one(nest, *call, d, s);
            if (d.verdict != Verdict::right || random() % 2) continue;
            s = d.after;
            engines.compare(s.module().top().body);
        }
    }

    void count_one(const Nest& nest, const RandomCall& call, const Decision& d, const Schedule& s) {
        table.add("all", d.verdict);
        table.add("by " + call.primitive, d.verdict);
        for (const std::string& c : nest.classes)
            table.add(c, d.verdict);
        table.add("depth " + std::to_string(nest.depth), d.verdict);
        to_prove += call.asks && (d.verdict == Verdict::right || d.verdict == Verdict::needless);
        if (d.verdict != Verdict::needless) return;
        ++reasons[call.primitive + ": " + reason(d.text)];
        needless_text += d.text + "\n" + print(s) + "\n";
    }
};

} // namespace

TEST_CASE("random calls are decided rightly") {
    LegalityOracle oracle;
    oracle.run(count(800, 20000));
    const Row all = oracle.total();
    MESSAGE("pairs, accepted, refused and illegal, refused needlessly:" << oracle.table.text() << "\n"
                                                                        << oracle.to_prove
                                                                        << " legal ones had to be proved");
    for (const auto& [why, times] : oracle.reasons)
        MESSAGE("refused needlessly, " << why << ": " << times);
    if (deep()) MESSAGE(oracle.needless_text);
    MESSAGE("linear tests and sets: none " << oracle.engines.none << ", some " << oracle.engines.some);
    for (const char* c : {"guards", "triangles", "symbolic bounds", "quasi-affine subscripts",
                          "several statements", "moves", "externs"})
        CHECK_MESSAGE(oracle.table[c].pairs * 20 >= all.pairs, c);
    CHECK(oracle.to_prove * 10 >= all.pairs * 3);
    CHECK(all.illegal * 10 >= all.pairs * 3);
    // Few programs have many such calls. That no order is relied on in which lanes write one element is a
    // decision; it counts here, too.
    CHECK(all.needless * 100 < (all.accepted + all.needless) * (deep() ? 5 : 7));
}
