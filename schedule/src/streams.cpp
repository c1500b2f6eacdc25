#include "streams.h"

#include "lathe/ir/analysis.h"
#include "lathe/ir/layout.h"
#include "lathe/ir/planted.h"
#include "lathe/ir/stream_order.h"
#include "outlined.h"
#include "storage.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// The tensor as the Function around the stage declares it.
const Tensor& declared_around(const Edit& e, const Standing& s, const Symbol& tensor) {
    Path path = s.block;
    path.push_back(s.items[0]);
    return *tensors_in_scope(e.state().module.functions[s.function], path).at(tensor);
}

/// Tokens have one order: no loop around them runs its iterations in another, or at the same time.
std::string out_of_order(const Stmt& opened, const Symbol& tensor) {
    for (const Access& a : accesses(opened)) {
        if (!(a.tensor == tensor)) continue;
        for (const For* f : a.loops)
            if (!f->runs().ordered && !planted.has(Fault::token_lanes_free))
                return fmt::format(
                    "{} is {}, and {} is {} in it, at {}: a stream passes one element after the other",
                    f->var.name(), f->loop.name(), tensor.name(), a.write ? "written" : "read", a.loc.str());
    }
    return {};
}

std::string_view way_out(StreamFault f) {
    switch (f) {
    case StreamFault::written_again:
        return ". buffer_at(stage, loop) works on a copy and writes each element once";
    case StreamFault::read_again:
    case StreamFault::two_at_once:
        return ". reuse_at(tensor, consumer, loop) reads each element once";
    case StreamFault::never_read:
        return ": compute no more than what is read";
    case StreamFault::other_order:
        return ". Try reorder, or the same tiles on both sides";
    case StreamFault::not_decided:
        return "";
    }
    return "";
}

/// What both do, as one run of `once`, and of what stands around them: conditions around that depend on data
/// hold for both.
Stmt one_run(const Standing& writer, const Symbol& once, const Stmt& from, const Stmt& to) {
    Stmt root = For::make(once, index(0), index(1), {}, Block::make({from, to}));
    for (size_t n = writer.block.size(); n-- > 1;) {
        const Stmt& parent = writer.block[n - 1];
        const auto* i = parent.as<If>();
        if (parent.as<While>() || (i && !tensors_read(i->condition).empty())) continue;
        root = with_child(parent, writer.block[n], root);
    }
    return root;
}

/// Why the tensor cannot pass from the one to the other as a stream, and what would work; empty: it can.
/// \param others who writes it, too
std::string no_stream(const Edit& e, const Standing& writer, const Standing& reader, const Symbol& tensor,
                      const std::string& others) {
    if (folded(declared_around(e, writer, tensor)))
        return fmt::format("{} holds a part of its elements at a time: it is a buffer of its stage",
                           tensor.name());
    const Stmt from = opened(e, writer), to = opened(e, reader);
    const Symbol once("once");
    const Stmt root = one_run(writer, once, from, to);
    const Facts facts = facts_at({}, e.state().module.functions[writer.function]);
    if (touch_other_elements(root, once, tensor, from, to, facts))
        e.refuse(
            "{0} writes {1}, and {2} reads other elements of it: nothing passes from the one to the other, "
            "and processes share no tensor that one of them writes. Give what {2} reads an array of its own",
            writer.stage.name(), tensor.name(), reader.stage.name());
    if (!others.empty())
        return fmt::format("{} is written by {} and by {}: a stream has one writer. Give what each of them "
                           "writes an array of its own",
                           tensor.name(), writer.stage.name(), others);
    for (const Stmt& s : {from, to})
        if (std::string why = out_of_order(s, tensor); !why.empty()) return why;
    const auto c = stream_conflict(root, once, tensor, from, to, facts);
    return c ? fmt::format("{}{}", c->text, way_out(c->fault)) : std::string();
}

bool passed_whole(const CallStmt& c, const Symbol& t) {
    const auto given = std::ranges::find(c.tensors, t, &TensorView::tensor);
    return given != c.tensors.end() && given->whole;
}

/// Why all of the tensor cannot pass at once; empty: it can.
std::string no_block(const Edit& e, const Standing& writer, const Standing& reader, const Symbol& t,
                     const std::string& others, std::vector<const Standing*> streamed) {
    const Function& f = e.state().module.functions[writer.function];
    if (is_argument(f, t)) return "it is an argument";
    streamed.insert(streamed.end(), {&writer, &reader});
    if (tensors_read(without(e, streamed)).contains(t)) return "others read it, too";
    if (!others.empty()) return fmt::format("{} writes it, too", others);
    const Tensor& tensor = declared_around(e, writer, t);
    if (!tensor.layout.plain()) return "it has banks, or another layout";
    if (tensor.dims.empty()) return "it is a number";
    bool moved = false;
    for (const Dim& d : tensor.dims) {
        if (!as_int(d.extent) || !as_int(d.min)) return "its shape is not constant: bind the sizes";
        if (*as_int(d.extent) < 1) return "it has no element";
        moved = moved || *as_int(d.min) != 0;
    }
    for (const Standing* s : {&writer, &reader}) {
        if (s->call && !passed_whole(*s->call, t)) return "a part of it is passed";
        const Stmt body = s->call ? e.state().module.function(s->call->callee).body : Block::make(s->items);
        if (!extern_calls(body).empty()) return "a function of others is called, which takes no blocks";
        if (moved && s->call) return "it does not begin at 0";
        if (moved && passes_on(body, t)) return "it does not begin at 0, and is passed on";
    }
    // An iteration of a loop around has nothing of the one before it.
    bool inside = true;
    for (const Stmt& s : writer.block) {
        if (s.as<For>() || s.as<While>()) inside = false;
        if (const auto* a = s.as<Allocate>(); a && a->find(t)) inside = true;
    }
    return inside ? "" : "it lives longer than one iteration of the loop around";
}

class Planner {
  public:
    Planner(Edit& edit, const std::vector<Standing>& s, const std::optional<Wanted>& w)
        : e(edit), stages(s), wanted(w) {}

    std::vector<Channel> plan() {
        for (size_t w = 0; w < stages.size(); ++w)
            for (const Symbol& t : written_by(stages[w])) {
                std::vector<size_t> readers;
                std::vector<const Standing*> all{&stages[w]};
                for (size_t r = 0; r < stages.size(); ++r)
                    if (r != w && read_by(stages[r]).contains(t)) {
                        readers.push_back(r);
                        all.push_back(&stages[r]);
                    }
                if (readers.empty()) continue;
                const Function& f = e.state().module.functions[stages[w].function];
                connect(w, readers, t, is_argument(f, t) || tensors_read(without(e, all)).contains(t));
            }
        const auto passes = [&](const Channel& c) {
            return c.writer == wanted->writer && c.reader == wanted->reader;
        };
        if (wanted && std::ranges::none_of(channels, passes))
            e.refuse("{} reads nothing that {} writes", stages[wanted->reader].stage.name(),
                     stages[wanted->writer].stage.name());
        return std::move(channels);
    }

  private:
    Edit& e;
    const std::vector<Standing>& stages;
    const std::optional<Wanted>& wanted;
    std::vector<Channel> channels;

    bool is_wanted(size_t w, size_t r) const { return wanted && wanted->writer == w && wanted->reader == r; }

    void connect(size_t w, const std::vector<size_t>& readers, const Symbol& t, bool outside) {
        std::vector<std::pair<size_t, std::string>> blocks; // those to whom it cannot be a stream, and why
        std::vector<size_t> streams;
        const std::string others = other_writer(w, t);
        for (const size_t r : readers) {
            if (r < w)
                e.refuse("{} reads {} before {} writes it: they cannot run at the same time",
                         stages[r].stage.name(), t.name(), stages[w].stage.name());
            check_call(stages[w], t);
            check_call(stages[r], t);
            e.asks();
            std::string why = no_stream(e, stages[w], stages[r], t, others);
            if (why.empty())
                streams.push_back(r);
            else if (is_wanted(w, r))
                e.refuse_text(why);
            else
                blocks.emplace_back(r, std::move(why));
        }
        for (size_t n = 0; n < streams.size(); ++n)
            add(w, streams[n], t, outside || n + 1 < streams.size() || !blocks.empty(), false);
        if (blocks.empty()) return;
        const std::string why =
            blocks.size() > 1
                ? fmt::format("{} reads it, too, and a block has one reader: copy it to an array for each",
                              stages[blocks[1].first].stage.name())
                : no_block(e, stages[w], stages[blocks[0].first], t, others, places(streams));
        if (!why.empty())
            e.refuse("{} passes from {} to {} neither as a stream ({}) nor as a block ({})", t.name(),
                     stages[w].stage.name(), stages[blocks[0].first].stage.name(), blocks[0].second, why);
        add(w, blocks[0].first, t, false, true);
    }

    /// Who writes the tensor beside that stage; empty: nobody.
    std::string other_writer(size_t w, const Symbol& t) const {
        for (size_t n = 0; n < stages.size(); ++n)
            if (n != w && written_by(stages[n]).contains(t)) return stages[n].stage.name();
        return tensors_written(without(e, {&stages[w]})).contains(t) ? "others" : "";
    }

    std::vector<const Standing*> places(const std::vector<size_t>& of) const {
        std::vector<const Standing*> all;
        for (const size_t n : of)
            all.push_back(&stages[n]);
        return all;
    }

    /// The tensor is one argument of the call, and nothing else.
    void check_call(const Standing& s, const Symbol& t) const {
        check_called_once(e, s);
        if (!s.call) return;
        if (read_as_numbers(*s.call).contains(t))
            e.refuse(
                "{} is given a number that it reads from {}, at {}: a process is given its numbers before "
                "it runs",
                s.stage.name(), t.name(), s.call->loc.str());
        if (std::ranges::count(s.call->tensors, t, &TensorView::tensor) > 1)
            e.refuse("{} is given {} twice, at {}: a stream has one end there", s.stage.name(), t.name(),
                     s.call->loc.str());
    }

    void add(size_t w, size_t r, const Symbol& t, bool keep, bool block) {
        NewStream s;
        s.tensor = t;
        s.stream = e.result(channels.size(), fmt::format("{}_to_{}", t.name(), stages[r].stage.name()));
        const Tensor& tensor = declared_around(e, stages[w], t);
        s.type = tensor.type;
        s.dims = tensor.dims;
        s.depth = is_wanted(w, r) ? wanted->depth : 0;
        s.keep = keep && !planted.has(Fault::token_readers_unseen);
        channels.push_back({w, r, s, block});
    }
};

} // namespace

std::vector<Channel> plan_channels(Edit& e, const std::vector<Standing>& stages,
                                   const std::optional<Wanted>& wanted) {
    return Planner(e, stages, wanted).plan();
}

void make_channels(Edit& e, const std::vector<Channel>& all, const std::vector<std::string>& names) {
    for (const Channel& c : all) {
        if (c.block)
            pass_by_block(e, names[c.writer], names[c.reader], c.stream);
        else
            pass_by_stream(e, names[c.writer], names[c.reader], c.stream);
        if (!c.stream.keep) e.streamed(c.stream.tensor);
    }
}

} // namespace lathe::schedule
