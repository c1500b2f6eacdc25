#include "stream.h"

#include "../src/streams.h"

#include "lathe/ir/depths.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

class Streaming {
  public:
    explicit Streaming(Edit& edit)
        : e(edit), writer(standing(edit, edit.step().func)), reader(standing(edit, edit.step().target)) {}

    void run() {
        if (e.step().func == e.step().target) e.refuse("a stage does not wait for itself");
        check_same_block(e, writer, reader);
        const int64_t depth = e.step().numbers.empty() ? 0 : e.step().numbers[0];
        if (set_depth(depth)) return;
        std::vector<Standing> stages = with_network(writer);
        const size_t from = place_of(stages, writer);
        if (!in_one_dataflow(writer, reader))
            for (Standing& p : with_network(reader))
                stages.push_back(std::move(p));
        const size_t to = place_of(stages, reader);
        stages[to].stage = reader.stage;
        const std::vector<Channel> channels = plan_channels(e, stages, Wanted{from, to, depth});
        const auto [first, second] = run_together(e, writer, reader);
        std::vector<std::string> names;
        for (size_t n = 0; n < stages.size(); ++n)
            names.push_back(n == from ? first : n == to ? second : stages[n].call->callee);
        make_channels(e, channels, names);
        check_dataflow(e, first);
        if (depth > 0) check_depth(first, second);
    }

  private:
    Edit& e;
    Standing writer, reader;

    /// Where both are joined already, perhaps because others were: their channels get that depth.
    bool set_depth(int64_t depth) {
        if (!in_one_dataflow(writer, reader)) return false;
        const std::set<Symbol> joined = channels_between(e, *writer.call, *reader.call);
        if (joined.empty()) return false;
        Function& f = e.module().functions[writer.function];
        f.body = transform(f.body, [&](const Stmt& s) {
            const auto* d = s.as<DeclareStream>();
            if (!d || !joined.contains(d->stream.symbol)) return s;
            StreamDeclaration stream = d->stream;
            stream.depth = depth;
            return DeclareStream::make(std::move(stream), d->body);
        });
        if (depth > 0) check_depth(writer.call->callee, reader.call->callee);
        return true;
    }

    /// The stage, or all processes that it runs beside already.
    static std::vector<Standing> with_network(const Standing& s) {
        if (!s.process) return {s};
        return processes_in(s, *s.items[0].as<Dataflow>());
    }
    static size_t place_of(const std::vector<Standing>& all, const Standing& s) {
        const auto same = [&](const Standing& x) { return s.call ? x.call == s.call : x.stage == s.stage; };
        return static_cast<size_t>(std::ranges::find_if(all, same) - all.begin());
    }

    /// Where no other way joins the two, nobody waits for more than the reader's turn, whatever the depth.
    void check_depth(const std::string& from, const std::string& to) {
        if (!joined_otherwise(e, from, to)) return;
        for (const Param& p : e.state().module.top().params)
            if (p.type.is_index())
                e.refuse("whether processes wait for each other for ever with this depth is not known while "
                         "{} has "
                         "no value: bind it before, or give no depth",
                         p.symbol.name());
        e.or_refuse([&] { check_depths(e.state().module); });
    }
};

void run(Edit& e) {
    constexpr int64_t most = 1 << 24;
    if (!e.step().numbers.empty() && (e.step().numbers[0] < 1 || e.step().numbers[0] > most))
        e.refuse("a stream holds 1 to {} elements, not {}: give none to have it computed", most,
                 e.step().numbers[0]);
    Streaming(e).run();
}

} // namespace

constinit const Primitive primitives::stream{
    .name = "stream",
    .text = "what one stage computes goes to another through a channel, and both run at the same time",
    .run = run,
    .acts_on = ActsOn::stages,
    .named = Named::kept,
    .of_place = true,
    .numbers = {0, 1},
    .consumer = true,
    .makes_functions = true,
};

} // namespace lathe::schedule
