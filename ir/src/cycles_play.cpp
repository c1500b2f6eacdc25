#include "cycles_play.h"

#include <algorithm>
#include <deque>
#include <set>

namespace lathe::ir::interpreter {

namespace {

/// The clock goes on cycle by cycle, and counts fit.
constexpr int64_t most_latency = 1'000'000, most_depth = int64_t{1} << 40;

/// A FIFO while it is played.
struct PlayedFifo {
    size_t use = 0;      ///< into CycleReport::fifos
    int64_t room = 0;    ///< 0: without a limit
    int64_t latency = 1; ///< cycles from a write until the token is seen
    int64_t reserved = 0, written = 0, arrived = 0, acquired = 0, released = 0;
    int64_t last_write = -1, last_release = -1; ///< their cycles
    std::deque<int64_t> in_flight; ///< of a latency above 1: from which cycle on each token is seen

    void write(int64_t now) {
        ++written;
        last_write = now;
        if (latency > 1) in_flight.push_back(now + latency);
    }
    /// What is there when cycle `now` begins.
    bool has_token(int64_t now) {
        for (; !in_flight.empty() && in_flight.front() <= now; in_flight.pop_front())
            ++arrived;
        if (latency == 1) arrived = written - (last_write == now ? 1 : 0);
        return arrived > acquired;
    }
    bool has_room(int64_t now) const {
        return room == 0 || reserved - released + (last_release == now ? 1 : 0) < room;
    }
};

/// A process while it is played.
struct PlayedProcess {
    const ProcessTrace* trace;
    size_t use; ///< into CycleReport::processes
    PlayedProcess* parent;
    int64_t* busy; ///< how many of its kind are
    int64_t ready; ///< from this cycle on the next step may run
    int64_t busy_until = 0;
    size_t item = 0;   ///< into ProcessTrace::steps
    uint32_t done = 0; ///< of the steps of the item
    size_t op = 0;     ///< of the step: it was cut in front of this one
    int children = 0;  ///< processes of a region that it waits for
    bool ended = false;

    bool at_end() const { return item == trace->steps.size(); }
    const StepPattern& step() const { return trace->patterns[trace->steps[item].pattern]; }
};

bool takes(TokenOp op) {
    return op == TokenOp::pop || op == TokenOp::acquire;
}
bool gives(TokenOp op) {
    return op == TokenOp::push || op == TokenOp::reserve;
}

/// Equal names get a number.
template <class T> void number_equal(std::vector<T>& all) {
    std::map<std::string, int> count, next;
    for (const T& x : all)
        ++count[x.name];
    for (T& x : all)
        if (count[x.name] > 1) x.name += fmt::format(" #{}", next[x.name]++);
}

class Player {
  public:
    Player(const Recording& r, const CycleOptions& o) : recording(r), options(o) {
        fifos.resize(r.fifos.size());
        writer.resize(r.fifos.size());
        reader.resize(r.fifos.size());
        add_process(*r.top, 0, "", true);
        number_equal(report.processes);
        number_equal(report.fifos);
        join();
        set_depths();
    }

    CycleReport run() {
        start(*recording.top, nullptr, 0);
        const PlayedProcess& top = *active.front();
        for (now = 0; !top.ended || now < top.ready; ++now) {
            if (now >= options.most_cycles)
                fail({}, "{} has not ended after {} cycles: CycleOptions::most_cycles says how many it may",
                     top.trace->name, options.most_cycles);
            if (cycle() || top.ended) continue;
            report.deadlock = deadlock();
            break;
        }
        report.cycles = now;
        return std::move(report);
    }

  private:
    const Recording& recording;
    const CycleOptions& options;
    CycleReport report;
    std::map<const ProcessTrace*, size_t> uses; ///< into CycleReport::processes
    /// The same statement in the same process has the same processes and FIFOs each time that it runs.
    std::map<std::tuple<size_t, const void*, size_t>, size_t> known_processes, known_fifos;
    std::vector<PlayedFifo> fifos;                   ///< as Recording::fifos
    std::vector<const ProcessTrace*> writer, reader; ///< of each
    std::vector<std::unique_ptr<PlayedProcess>> active;
    std::map<std::string, int64_t> busy; ///< processes in this cycle, by kind
    std::vector<uint32_t> touched;       ///< FIFOs in this cycle
    int64_t now = 0;

    // ---- What there is.

    void add_process(const ProcessTrace& t, size_t use, const std::string& path, bool top) {
        if (use == report.processes.size()) {
            ProcessCycles& p = report.processes.emplace_back();
            p.name = path.empty() ? t.name : path;
            p.function = t.function;
            busy.emplace(t.function, 0);
        }
        uses[&t] = use;
        for (const StepPattern& s : t.patterns)
            for (const StepOp& o : s.ops) {
                if (gives(o.op)) writer[o.fifo] = &t;
                if (takes(o.op)) reader[o.fifo] = &t;
            }
        for (const StepRun& s : t.steps)
            if (s.pattern == StepRun::region) add_region(recording.regions[s.count], use, top ? "" : path);
    }

    void add_region(const RecordedRegion& r, size_t parent, const std::string& path) {
        const std::string in = path.empty() ? "" : path + "/";
        for (size_t n = 0; n < r.processes.size(); ++n) {
            const auto [at, fresh] =
                known_processes.try_emplace({parent, r.statement, n}, report.processes.size());
            add_process(*r.processes[n], at->second, in + r.processes[n]->name, false);
        }
        for (size_t n = 0; n < r.fifos.size(); ++n) {
            const RecordedFifo& f = recording.fifos[r.fifos[n]];
            const auto [at, fresh] = known_fifos.try_emplace({parent, r.statement, n}, report.fifos.size());
            fifos[r.fifos[n]].use = at->second;
            if (!fresh) continue;
            FifoCycles& use = report.fifos.emplace_back();
            use.name = in + f.name;
            use.depth = f.depth;
        }
    }

    /// Who writes and who reads.
    void join() {
        for (size_t n = 0; n < fifos.size(); ++n) {
            FifoCycles& f = report.fifos[fifos[n].use];
            if (writer[n]) f.writer = report.processes[uses[writer[n]]].name;
            if (reader[n]) f.reader = report.processes[uses[reader[n]]].name;
        }
    }

    int64_t latency_of(const ProcessTrace& t) const {
        const auto found = options.latency.find(t.function);
        return found == options.latency.end() ? 1 : found->second;
    }

    void set_depths() {
        for (const auto& [name, latency] : options.latency) {
            if (!busy.contains(name))
                fail({}, "a latency is given for {}, and no process is a call of it", name);
            if (latency < 1 || latency > most_latency)
                fail({}, "the latency of {} is {}, and a token needs 1 to {} cycles", name, latency,
                     most_latency);
        }
        std::set<std::string> there;
        for (FifoCycles& f : report.fifos) {
            there.insert(f.name);
            const auto given = options.depths.find(f.name);
            if (given != options.depths.end()) f.depth = given->second;
            if (f.depth == 0) continue; // no limit
            const int64_t more = options.more_depth;
            const bool small = std::abs(more) <= most_depth && std::abs(f.depth) <= most_depth;
            if (!small || f.depth + more < 1)
                fail({}, "the depth of {} is {} and {} more, and it holds 1 to {} tokens", f.name, f.depth,
                     more, most_depth);
            f.depth += more;
        }
        for (const auto& [name, depth] : options.depths)
            if (!there.contains(name)) fail({}, "a depth is given for {}, and there is no such FIFO", name);
        for (size_t n = 0; n < fifos.size(); ++n) {
            const int64_t depth = report.fifos[fifos[n].use].depth;
            if (writer[n]) fifos[n].latency = latency_of(*writer[n]);
            fifos[n].room = depth == 0 ? 0 : depth + fifos[n].latency - 1;
        }
    }

    // ---- What happens.

    void start(const ProcessTrace& t, PlayedProcess* parent, int64_t ready) {
        active.push_back(std::make_unique<PlayedProcess>(
            PlayedProcess{&t, uses.at(&t), parent, &busy.at(t.function), ready}));
        PlayedProcess& p = *active.back();
        if (p.at_end()) finish(p);
    }

    void finish(PlayedProcess& p) {
        p.ended = true;
        if (!p.parent) return;
        p.parent->ready = std::max(p.parent->ready, p.ready);
        if (--p.parent->children == 0 && p.parent->at_end()) finish(*p.parent);
    }

    /// All processes for one cycle. False when none can ever go on.
    bool cycle() {
        for (auto& [kind, count] : busy)
            count = 0;
        bool goes_on = false;
        for (size_t n = 0; n < active.size(); ++n) // a region that begins adds some
            goes_on |= poll(*active[n]);
        if (!goes_on) {
            const bool flies = std::ranges::any_of(fifos, [](const auto& f) { return !f.in_flight.empty(); });
            goes_on = flies || cut_steps();
        }
        end_cycle();
        return goes_on;
    }

    void end_cycle() {
        std::vector<uint32_t> later;
        for (const uint32_t n : touched) {
            PlayedFifo& f = fifos[n];
            f.has_token(now + 1);
            FifoCycles& use = report.fifos[f.use];
            const int64_t fill = f.arrived - f.released;
            use.fullest = std::max(use.fullest, fill);
            if (options.waves && (use.waves.empty() ? fill != 0 : use.waves.back().fill != fill))
                use.waves.push_back({now + 1, fill});
            if (!f.in_flight.empty()) later.push_back(n);
        }
        touched = std::move(later);
        for (const auto& [kind, count] : busy) {
            if (!options.waves) break;
            std::vector<BusyCycles>& all = report.busy[kind];
            if (all.empty() ? count != 0 : all.back().busy != count) all.push_back({now, count});
        }
        std::erase_if(active,
                      [&](const auto& p) { return p->ended && p->parent && p->busy_until <= now + 1; });
    }

    /// True when it does something now or later without waiting for another process.
    bool poll(PlayedProcess& p) {
        if (p.busy_until > now) note(p, ProcessState::busy);
        if (p.ended || p.children > 0) return false;
        if (p.ready > now) return true;
        if (p.trace->steps[p.item].pattern == StepRun::region) return start_region(p);
        if (!possible(p, p.step().ops.size())) {
            wait(p);
            return false;
        }
        act(p, p.step().ops.size());
        const int64_t interval = p.step().cycles;
        end_step(p);
        const int64_t cycles = p.at_end() ? 1 : interval; // nothing waits for the interval to end
        p.ready = p.busy_until = now + cycles;
        ProcessCycles& use = report.processes[p.use];
        ++use.iterations;
        use.busy += cycles;
        if (use.first < 0) use.first = now;
        use.last = now + cycles - 1;
        note(p, ProcessState::busy);
        if (p.at_end()) finish(p);
        return true;
    }

    bool start_region(PlayedProcess& p) {
        const RecordedRegion& r = recording.regions[p.trace->steps[p.item].count];
        ++p.item;
        p.children = static_cast<int>(r.processes.size()) + 1; // and this, until all have begun
        for (const auto& t : r.processes)
            start(*t, &p, now);
        if (--p.children == 0 && p.at_end()) finish(p);
        return true;
    }

    static void end_step(PlayedProcess& p) {
        p.op = 0;
        if (++p.done < p.trace->steps[p.item].count) return;
        p.done = 0;
        ++p.item;
    }

    bool possible(const StepOp& o) {
        if (takes(o.op)) return fifos[o.fifo].has_token(now);
        return !gives(o.op) || fifos[o.fifo].has_room(now);
    }
    /// Its step, up to an operation.
    bool possible(const PlayedProcess& p, size_t end) {
        const std::vector<StepOp>& ops = p.step().ops;
        return std::all_of(ops.begin() + static_cast<std::ptrdiff_t>(p.op),
                           ops.begin() + static_cast<std::ptrdiff_t>(end),
                           [&](const StepOp& o) { return possible(o); });
    }

    void act(PlayedProcess& p, size_t end) {
        for (; p.op < end; ++p.op) {
            const StepOp& o = p.step().ops[p.op];
            PlayedFifo& f = fifos[o.fifo];
            if (gives(o.op)) ++f.reserved;
            if (takes(o.op)) ++f.acquired;
            if (o.op == TokenOp::push || o.op == TokenOp::publish) {
                f.write(now);
                ++report.fifos[f.use].tokens;
            }
            if (o.op == TokenOp::pop || o.op == TokenOp::release) {
                ++f.released;
                f.last_release = now;
            }
            touched.push_back(o.fifo);
        }
    }

    /// A step that may wait for what it writes itself is cut.
    bool cut_steps() {
        bool any = false;
        for (const auto& p : active) {
            if (p->ended || p->children > 0 || p->ready > now) continue;
            const std::vector<StepOp>& ops = p->step().ops;
            bool writes = false;
            for (size_t n = p->op; n < ops.size(); ++n) {
                if (writes && takes(ops[n].op) && !possible(ops[n])) {
                    act(*p, n);
                    p->ready = now + 1;
                    any = true;
                    break;
                }
                if (!possible(ops[n])) break;
                writes |= ops[n].op == TokenOp::push || ops[n].op == TokenOp::publish;
            }
        }
        return any;
    }

    // ---- What is told.

    void wait(PlayedProcess& p) {
        const std::vector<StepOp>& ops = p.step().ops;
        bool empty = false;
        for (size_t n = p.op; n < ops.size(); ++n) {
            if (possible(ops[n])) continue;
            FifoCycles& f = report.fifos[fifos[ops[n].fifo].use];
            ++(takes(ops[n].op) ? f.reader_waits : f.writer_waits);
            empty |= takes(ops[n].op);
        }
        ProcessCycles& use = report.processes[p.use];
        ++(empty ? use.empty_stalls : use.full_stalls);
        note(p, empty ? ProcessState::waits_for_token : ProcessState::waits_for_room);
    }

    void note(PlayedProcess& p, ProcessState s) {
        if (s == ProcessState::busy) ++*p.busy;
        if (!options.waves) return;
        auto& all = report.processes[p.use].waves;
        if (!all.empty() && all.back().state == s && all.back().end == now)
            ++all.back().end;
        else
            all.push_back({s, now, now + 1});
    }

    CycleDeadlock deadlock() {
        CycleDeadlock d{now, {}};
        for (const auto& p : active) {
            if (p->ended || p->children > 0) continue;
            const std::vector<StepOp>& ops = p->step().ops;
            for (size_t n = p->op; n < ops.size(); ++n) {
                if (possible(ops[n])) continue;
                const PlayedFifo& f = fifos[ops[n].fifo];
                const FifoCycles& use = report.fifos[f.use];
                d.waits.push_back({report.processes[p->use].name, use.name, takes(ops[n].op),
                                   f.arrived - f.released, use.depth});
            }
        }
        return d;
    }
};

} // namespace

CycleReport play(const Recording& recording, const CycleOptions& options) {
    return Player(recording, options).run();
}

} // namespace lathe::ir::interpreter
