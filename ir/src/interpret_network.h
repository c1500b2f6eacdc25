#pragma once
/// \file Processes that run at the same time, joined by channels.

#include "coroutine.h"
#include "interpret_code.h"
#include "lathe/ir/interpret.h"

#include <deque>
#include <random>

namespace lathe::ir::interpreter {

struct Process;

/// One stream while the program runs.
class Channel {
  public:
    std::string name;   ///< "s[2]"
    Symbol stream;      ///< that it is one of
    int64_t depth = 0;  ///< 0: without a limit
    bool grows = false; ///< gets more room where all processes wait
    int64_t high_water = 0, passed = 0;
    uint32_t recorded = 0; ///< its number in a run that is recorded
    std::deque<Value> tokens;
    std::deque<TensorState> blocks;
    Process* waiting = nullptr; ///< for a token, or for room

    int64_t fill() const { return static_cast<int64_t>(tokens.size() + blocks.size()); }
    bool full() const { return depth > 0 && fill() >= depth; }
};

/// Something that runs on a stack of its own.
struct Process {
    std::string name;
    std::unique_ptr<Coroutine> code;
    Process* parent = nullptr; ///< waits for it
    int children = 0;          ///< that have not ended
    // What it waits for:
    Channel* channel = nullptr;
    bool reads = false;
    Loc loc;
};

/// All processes of a run: takes turns in the order in which they became ready, or at random.
class Network {
  public:
    explicit Network(std::optional<uint64_t> seed);
    ~Network();
    /// Runs them all to their ends. Called by a process, or from outside. \throws Error when none can go on,
    /// and what one of them throws.
    void run(std::vector<std::pair<std::string, std::function<void()>>> processes);
    /// The running process waits until the channel has a token, or room for one.
    void wait_for_token(Channel& c, Loc loc);
    void wait_for_room(Channel& c, Loc loc);
    /// It put a token in, or took one out: who waits for that goes on.
    void changed(Channel& c);

  private:
    void wait(Channel& c, bool reads, Loc loc);
    void pause();
    void loop(const std::function<bool()>& ended);
    Process* next();
    void finish(Process& p);
    bool grow();
    [[noreturn]] void deadlock() const;

    std::vector<std::unique_ptr<Process>> all;
    std::deque<Process*> ready;
    Process* current = nullptr; ///< null: outside
    std::optional<std::mt19937_64> random;
};

/// The processes of one dataflow while they are being collected.
class Launch {
  public:
    /// \throws Error when another process of it reads or writes one of these, too.
    void add(const std::string& name, Loc loc, const std::vector<std::pair<Channel*, Direction>>& channels,
             std::function<void()> code);
    void own(const std::shared_ptr<Channel>& c) { channels.push_back(c); }
    /// Runs them. \throws Error when a token is left over.
    void run(Frame& f, Loc loc, const InterpretOptions& options);

  private:
    struct Ends {
        std::string writer, reader;
    };
    std::vector<std::pair<std::string, std::function<void()>>> processes;
    std::vector<std::shared_ptr<Channel>> channels;
    std::map<Channel*, Ends> ends;
};

} // namespace lathe::ir::interpreter
