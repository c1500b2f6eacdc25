#include "interpret_network.h"

#include <algorithm>

namespace lathe::ir::interpreter {

namespace {
/// Stacks are memory.
constexpr size_t most_processes = 16384;
} // namespace

Network::Network(std::optional<uint64_t> seed) {
    if (seed) random.emplace(*seed);
}

Network::~Network() {
    // Unwound from the last to the first: children before those that wait for them.
    while (!all.empty())
        all.pop_back();
}

void Network::run(std::vector<std::pair<std::string, std::function<void()>>> processes) {
    Process* const parent = current;
    int children = static_cast<int>(processes.size());
    if (all.size() + processes.size() > most_processes)
        fail({}, "{} processes at a time are too many: at most {}", all.size() + processes.size(),
             most_processes);
    if (parent) parent->children = children;
    std::vector<Process*> mine;
    for (auto& [name, code] : processes) {
        auto p = std::make_unique<Process>();
        p->name = std::move(name);
        p->code = std::make_unique<Coroutine>(std::move(code));
        p->parent = parent;
        mine.push_back(p.get());
        ready.push_back(p.get());
        all.push_back(std::move(p));
    }
    if (!parent) {
        const auto ended = [&] {
            return std::ranges::all_of(mine, [](const Process* p) { return p->code->done(); });
        };
        loop(ended);
    } else {
        while (parent->children > 0)
            parent->code->suspend();
    }
    std::erase_if(all, [&](const auto& p) { return std::ranges::find(mine, p.get()) != mine.end(); });
}

Process* Network::next() {
    const size_t n = random ? static_cast<size_t>((*random)() % ready.size()) : 0;
    Process* const p = ready[n];
    ready.erase(ready.begin() + static_cast<std::ptrdiff_t>(n));
    return p;
}

void Network::loop(const std::function<bool()>& ended) {
    while (!ended()) {
        if (ready.empty() && !grow()) deadlock();
        current = next();
        current->code->resume();
        if (current->code->done()) finish(*current);
        current = nullptr;
    }
}

void Network::finish(Process& p) {
    if (p.parent && --p.parent->children == 0) ready.push_back(p.parent);
}

void Network::pause() {
    ready.push_back(current);
    current->code->suspend();
}

void Network::wait(Channel& c, bool reads, Loc loc) {
    Process& me = *current;
    invariant(!c.waiting, "two processes wait for one channel");
    me.channel = &c;
    me.reads = reads;
    me.loc = loc;
    c.waiting = &me;
    me.code->suspend();
    me.channel = nullptr;
}

void Network::wait_for_token(Channel& c, Loc loc) {
    if (random && (*random)() % 4 == 0) pause();
    while (c.fill() == 0)
        wait(c, true, loc);
}

void Network::wait_for_room(Channel& c, Loc loc) {
    if (random && (*random)() % 4 == 0) pause();
    while (c.full())
        wait(c, false, loc);
}

void Network::changed(Channel& c) {
    c.high_water = std::max(c.high_water, c.fill());
    if (Process* const p = std::exchange(c.waiting, nullptr)) ready.push_back(p);
}

/// Gives room to the least full of the channels that keep a process from writing and may grow.
bool Network::grow() {
    Process* next = nullptr;
    for (const auto& p : all)
        if (p->channel && !p->reads && p->channel->grows &&
            (!next || p->channel->depth < next->channel->depth))
            next = p.get();
    if (!next) return false;
    Channel& c = *next->channel;
    ++c.depth;
    c.waiting = nullptr;
    ready.push_back(next);
    return true;
}

void Network::deadlock() const {
    std::string text;
    Loc loc;
    constexpr int most = 8;
    int count = 0;
    for (const auto& p : all) {
        if (!p->channel || p->code->done()) continue;
        if (!loc.known()) loc = p->loc;
        if (++count > most) continue;
        const Channel& c = *p->channel;
        const std::string room =
            c.depth > 0 ? fmt::format("{} of {}", c.fill(), c.depth) : fmt::format("{}", c.fill());
        text += fmt::format("\n  {} waits to {} {}, which holds {}{}", p->name, p->reads ? "read" : "write",
                            c.name, room, p->loc.known() ? " (" + p->loc.str() + ")" : "");
    }
    if (count > most) text += fmt::format("\n  and {} more", count - most);
    fail(loc, "the processes wait for each other for ever:{}", text);
}

void Launch::add(const std::string& name, Loc loc, const std::vector<std::pair<Channel*, Direction>>& list,
                 std::function<void()> code) {
    for (const auto& [channel, direction] : list) {
        std::string& end = direction == Direction::in ? ends[channel].reader : ends[channel].writer;
        if (!end.empty())
            fail(loc, "two processes {} {}: {} and {}. A stream has one writer and one reader",
                 direction == Direction::in ? "read" : "write", channel->name, end, name);
        end = name;
    }
    processes.emplace_back(name, std::move(code));
}

void Launch::run(Frame& f, Loc loc, const InterpretOptions& options) {
    f.network->run(std::move(processes));
    for (const auto& c : channels) {
        if (options.streams) options.streams->push_back({c->name, c->depth, c->high_water, c->passed});
        if (options.grow && c->grows) {
            int64_t& most = (*options.grow)[c->stream];
            most = std::max(most, c->depth);
        }
        if (c->fill() > 0)
            fail(loc, "{} holds {} tokens when its processes have ended: {} were written and {} read",
                 c->name, c->fill(), c->passed, c->passed - c->fill());
    }
}

} // namespace lathe::ir::interpreter
