// The other half of lathe_sim.h: regions, and what channels and the scheduler do with them. C++14.
#ifndef LATHE_SIM_REGION_H
#define LATHE_SIM_REGION_H

#include "lathe_sim.h"

#include <cctype>
#include <map>
#include <set>

namespace lathe_sim {

/// A dataflow region: the processes between LATHE_DATAFLOW_BEGIN and LATHE_DATAFLOW_END.
class Region {
  public:
    Region() : sim(scheduler()), owner(sim.current), parent(sim.shared_who()) {
        if (!owner && sim.open_regions == 0 && sim.live.empty()) sim.begin();
        number = ++sim.regions;
        first_channel = sim.serials;
        ++open_regions();
    }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    /// Left by an exception: its processes end here, too.
    ~Region() {
        if (pending > 0) {
            for (const auto& p : processes)
                if (!p->has_ended) sim.cancel(*p);
            if (!owner) sim.clear_channels();
        }
        --open_regions();
    }

    /// Begins a process: it runs until it has to wait.
    void spawn(const char* call, const std::string& ids, Place made, std::function<void()> body) {
        const std::string text = call;
        std::string name = callee(text) + ids;
        const int before = names[name]++;
        if (before > 0) name += "#" + std::to_string(before + 1);
        if (parent->region != 0) name = parent->name + "/" + name;
        const std::set<std::string> named = names_of(text);
        for (const auto& b : buffers)
            if (named.count(b.first) != 0 && b.second.size() == 2)
                throw Misuse(
                    made.text() + ": " + name + " uses the array " + b.first + ", and " +
                    b.second[0]->who->name + " and " + b.second[1]->who->name +
                    " do: one process writes it and one reads it. Give each reader an array of its own");
        processes.emplace_back(new Process(std::make_shared<const Identity>(Identity{name, number, parent}),
                                           made, std::move(body), *this));
        Process& p = *processes.back();
        for (auto& b : buffers)
            if (named.count(b.first) != 0) {
                p.earlier.insert(p.earlier.end(), b.second.begin(), b.second.end());
                b.second.push_back(&p);
            }
        ++pending;
        sim.start(p);
        if (!owner && sim.failure) sim.throw_failure();
    }

    void buffer(const char* name) { buffers[name]; }

    /// All processes to their end. \throws Deadlock, Livelock, Leftover, and what a process threw.
    void run() {
        if (!owner)
            sim.finish(*this);
        else
            while (pending > 0)
                sim.block(nullptr, Access::none, {"", 0});
        expect_empty_channels();
    }

  private:
    friend class Scheduler;

    int& open_regions() { return owner ? owner->regions : sim.open_regions; }

    static bool in_name(char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); }

    /// f<4> of "f<4>(a, b)".
    static std::string callee(const std::string& call) {
        std::string name = call.substr(0, std::min(call.find('('), call.find('<')));
        while (!name.empty() && name.back() == ' ')
            name.pop_back();
        return name;
    }

    static std::set<std::string> names_of(const std::string& call) {
        std::set<std::string> names;
        for (size_t i = 0; i < call.size(); ++i) {
            size_t end = i;
            while (end < call.size() && in_name(call[end]))
                ++end;
            if (end == i) continue;
            names.insert(call.substr(i, end - i));
            i = end;
        }
        return names;
    }

    bool has(const std::shared_ptr<const Identity>& user) const {
        for (const Identity* u = user.get(); u; u = u->parent.get())
            if (u->region == number) return true;
        return false;
    }

    void expect_empty_channels() {
        std::string text;
        for (Channel* c : sim.channels) {
            const bool is_inside = (c->serial >= first_channel && has(c->writer.user)) ||
                                   (has(c->reader.user) && has(c->writer.user));
            if (c->fill == 0 || !is_inside) continue;
            text += "\n  " + c->leftover();
            c->fill = 0;
        }
        if (!text.empty()) throw Leftover("the processes have ended, and tokens are left:" + text);
    }

    Scheduler& sim;
    Process* owner; ///< null: the test bench
    std::shared_ptr<const Identity> parent;
    uint64_t number, first_channel;
    size_t pending = 0;
    std::vector<std::unique_ptr<Process>> processes;
    std::map<std::string, int> names;
    std::map<std::string, std::vector<const Process*>> buffers; ///< and who names them, in order
};

inline void Scheduler::retire(Process& p) {
    stacks.push_back(std::move(p.stack));
    live.erase(std::find(live.begin(), live.end(), &p));
    ready.erase(std::remove(ready.begin(), ready.end(), &p), ready.end());
    for (Process* other : live)
        if (std::find(other->earlier.begin(), other->earlier.end(), &p) != other->earlier.end())
            make_ready(*other);
    if (--p.region.pending == 0 && p.region.owner) make_ready(*p.region.owner);
}

inline void Scheduler::finish(Region& region) {
    while (region.pending > 0 && !failure) {
        if (ready.empty()) {
            failure = std::make_exception_ptr(
                Deadlock("deadlock: no process can go on" + states(nullptr, {"", 0})));
            break;
        }
        resume(pick());
        check_time();
    }
    if (failure) throw_failure();
}

inline std::string Process::text() const {
    const std::string name = who->name + " (" + made.text() + ") ";
    if (!channel) {
        for (const Process* e : earlier)
            if (!e->has_ended) return name + "waits for the end of " + e->who->name;
        return name + "can go on";
    }
    const std::string rest = channel->text() + ", at " + at.text();
    if (access == Access::poll) return name + "asks the " + rest;
    const bool reads = access == Access::read;
    if (is_ready) return name + (reads ? "can read the " : "can write the ") + rest;
    const std::string text = name + (reads ? "reads the empty " : "writes the full ") + rest;
    if (channel->maker == who) return text + "; it is its own: mark the calls that use it by LATHE_PROCESS";
    const Channel::End& other = reads ? channel->writer : channel->reader;
    return other.user ? text : text + (reads ? ", never written" : ", never read");
}

inline Channel::Channel(const char* kind, const char* name, size_t depth, size_t bytes, Place declared)
    : depth(depth), sim(scheduler()), kind(kind), declared(declared), bytes(bytes),
      has_own_name(name != nullptr), maker(sim.shared_who()), serial(sim.serials++) {
    if (name)
        declare(name, depth);
    else
        name_by_line();
    sim.channels.push_back(this);
}

inline Channel::~Channel() noexcept(false) {
    sim.channels.erase(std::find(sim.channels.rbegin(), sim.channels.rend(), this).base() - 1);
    sim.reports.add(report());
#if __cplusplus >= 201703L
    const bool is_thrown_at = std::uncaught_exceptions() > 0;
#else
    const bool is_thrown_at = std::uncaught_exception();
#endif
    if (fill > 0 && !is_thrown_at) throw Leftover("a channel ends, and tokens are left:\n  " + leftover());
}

/// Elements of an array are made one after another.
inline void Channel::name_by_line() {
    label = "of " + declared.text();
    if (sim.channels.empty()) return;
    Channel& before = *sim.channels.back();
    const bool is_next = reinterpret_cast<char*>(&before) + before.bytes == reinterpret_cast<char*>(this);
    if (!is_next || before.has_own_name || before.declared.text() != declared.text()) return;
    element = before.element + 1;
    if (element == 1) before.label = label + "[0]";
    label += "[" + std::to_string(element) + "]";
}

inline void Channel::declare(const std::string& name, size_t new_depth) {
    label = name;
    has_own_name = true;
    const std::string array = name.substr(0, name.find('['));
    for (const std::string& key : {array, name}) {
        const auto found = sim.options.depths.find(key);
        if (found == sim.options.depths.end()) continue;
        new_depth = found->second;
        sim.depths_used.insert(key);
    }
    if (new_depth == 0) throw Misuse("the depth of the " + text() + " cannot be 0");
    if (new_depth < fill)
        throw Misuse("the depth of the " + text() + " cannot be " + std::to_string(new_depth));
    depth = new_depth;
}

inline std::string Channel::text() const {
    const std::string of = depth == unbounded ? "" : " of " + std::to_string(depth);
    return std::string(kind) + " " + label + " (holds " + std::to_string(fill) + of + ")";
}

inline std::string Channel::leftover() const {
    return text() + (writer.user ? ", written by " + writer.user->name : "") +
           (reader.user ? ", read by " + reader.user->name : ", never read");
}

inline void Channel::before_read(Place at) {
    if (sim.who != reader.user.get() || fill == 0 || sim.stalls()) wait_to_read(at);
}

inline void Channel::before_write(Place at) {
    if (sim.who != writer.user.get() || fill == depth || sim.stalls()) wait_to_write(at);
}

inline void Channel::wait_to_read(Place at) {
    take(reader, "read", at);
    if (sim.stalls()) sim.stall(*this, Access::read, at);
    while (fill == 0) {
        if (!sim.current || sim.current->regions > 0) throw unmarked("reads the empty ", at);
        reader.waiting = sim.current;
        sim.block(this, Access::read, at);
    }
}

inline void Channel::wait_to_write(Place at) {
    take(writer, "written", at);
    if (sim.stalls()) sim.stall(*this, Access::write, at);
    while (fill == depth) {
        if (!sim.current || sim.current->regions > 0) throw unmarked("writes the full ", at);
        writer.waiting = sim.current;
        sim.block(this, Access::write, at);
    }
}

inline void Channel::after_read() {
    --fill;
    sim.idle = 0;
    if (!writer.waiting) return;
    sim.make_ready(*writer.waiting);
    writer.waiting = nullptr;
}

inline void Channel::after_write() {
    ++fill;
    ++tokens;
    if (fill > high_water) high_water = fill;
    sim.idle = 0;
    if (!reader.waiting) return;
    sim.make_ready(*reader.waiting);
    reader.waiting = nullptr;
}

inline void Channel::asked(bool failed, Place at) const {
    sim.poll(const_cast<Channel&>(*this), failed, at);
}

/// One process of a region reads, one writes; what these call belongs to them.
inline void Channel::take(End& end, const char* does, Place at) {
    if (end.user.get() == sim.who) return;
    const std::shared_ptr<const Identity> user = sim.shared_who();
    for (const Identity* a = user.get(); a; a = a->parent.get())
        for (const Identity* b = end.user.get(); b; b = b->parent.get())
            if (a->region != 0 && a->region == b->region && a != b)
                throw Misuse("the " + text() + " is " + does + " by two processes: " + b->name + ", and " +
                             a->name + " at " + at.text());
    end.user = user;
}

inline Misuse Channel::unmarked(const char* does, Place at) const {
    const bool in_region = sim.current || sim.open_regions > 0;
    const std::string who = sim.current ? sim.current->who->name : "the test bench";
    return Misuse(
        at.text() + ": " + who + " " + does + text() +
        (in_region ? ", in a call between LATHE_DATAFLOW_BEGIN and LATHE_DATAFLOW_END that is not marked: "
                     "write LATHE_PROCESS(the call)"
                   : ", and no process can help: mark the calls that use it together by LATHE_PROCESS "
                     "between LATHE_DATAFLOW_BEGIN and LATHE_DATAFLOW_END; a stream of a test bench "
                     "can be LATHE_STREAM(name, LATHE_UNBOUNDED)"));
}

/// "(i, j)" as [i][j].
inline std::string instance() {
    return "";
}
template <class I, class... Rest> std::string instance(I i, Rest... rest) {
    return "[" + std::to_string(i) + "]" + instance(rest...);
}

/// LATHE_STREAM: a channel, or an array of channels.
inline void declare(Channel& channel, const std::string& name, size_t depth) {
    channel.declare(name, depth);
}
template <class C, size_t N> void declare(C (&channels)[N], const std::string& name, size_t depth) {
    for (size_t i = 0; i < N; ++i)
        declare(channels[i], name + "[" + std::to_string(i) + "]", depth);
}

} // namespace lathe_sim

#include "lathe_marks.h"

#undef LATHE_DATAFLOW_BEGIN
#undef LATHE_DATAFLOW_END
#undef LATHE_PROCESS
#undef LATHE_PROCESS_AT
#undef LATHE_STREAM
#undef LATHE_UNBOUNDED
#undef LATHE_BUFFER
#define LATHE_DATAFLOW_BEGIN                                                                                 \
    {                                                                                                        \
        ::lathe_sim::Region lathe_region;
#define LATHE_DATAFLOW_END                                                                                   \
    lathe_region.run();                                                                                      \
    }
#define LATHE_PROCESS(...)                                                                                   \
    lathe_region.spawn(#__VA_ARGS__, "", ::lathe_sim::Place{__FILE__, __LINE__}, [&] { __VA_ARGS__; })
#define LATHE_PROCESS_AT(ids, ...)                                                                           \
    lathe_region.spawn(#__VA_ARGS__, ::lathe_sim::instance ids, ::lathe_sim::Place{__FILE__, __LINE__},      \
                       [&] { __VA_ARGS__; })
#define LATHE_STREAM(stream, depth) ::lathe_sim::declare(stream, #stream, depth);
#define LATHE_UNBOUNDED ::lathe_sim::unbounded
#define LATHE_BUFFER(array) lathe_region.buffer(#array);

#endif
