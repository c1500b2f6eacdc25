#include "dataflow.h"

#include "../src/streams.h"

#include <algorithm>

namespace lathe::schedule {

namespace {

/// The list of statements that become processes, and where it stands.
struct List {
    size_t function = 0;
    Path path; ///< its last statement is the Block
};

/// Through what stands around a kernel's statements.
void descend(Path& path) {
    while (path.back().as<Stage>() || path.back().as<Allocate>() || path.back().as<LetStmt>())
        path.push_back(bodies(path.back())[0]);
}

List list_of(const Edit& e) {
    const Symbol& stage = e.step().func;
    const Module& m = e.state().module;
    const Function* own = e.state().function_of(stage);
    if (e.state().is_kernel(stage) || (own && own != &m.top())) {
        const Function& f = own ? *own : m.top();
        Path path = path_to_stage(f.body, stage);
        descend(path);
        return {static_cast<size_t>(&f - m.functions.data()), path};
    }
    const Standing s = standing(e, stage);
    return {s.function, s.block};
}

class Networking {
  public:
    explicit Networking(Edit& edit) : e(edit), list(list_of(edit)) {}

    void run() {
        if (list.path.empty() || !list.path.back().as<Block>())
            e.refuse("nothing stands beside {}: one process alone waits for nobody", e.step().func.name());
        find_pieces();
        if (pieces.size() < 2) e.refuse("there is one process alone, {}", pieces[0].stage.name());
        const std::vector<Channel> channels = plan_channels(e, pieces);
        const std::vector<std::string> names = make_processes();
        make_channels(e, channels, names);
        check_dataflow(e, names[0]);
    }

  private:
    Edit& e;
    List list;
    std::vector<Stmt> before; ///< what is asserted first
    std::vector<Standing> pieces;

    void find_pieces() {
        for (const Stmt& s : list.path.back().as<Block>()->stmts) {
            if (s.as<Assert>() && pieces.empty()) {
                before.push_back(s);
                continue;
            }
            if (s.as<Dataflow>())
                e.refuse("{} has a dataflow already, at {}: join others to it by stream",
                         e.step().func.name(), s.loc().str());
            add_piece(s);
        }
    }

    void add_piece(const Stmt& s) {
        std::set<Symbol> stages;
        outermost_stages(s, stages);
        if (stages.size() == 1 && !pieces.empty() && pieces.back().stage == *stages.begin()) {
            pieces.back().items.push_back(s);
            return;
        }
        Standing p{{}, list.function, list.path, {s}};
        if (const auto* c = s.as<CallStmt>()) {
            p.call = c;
            p.stage = Symbol(c->callee);
        } else if (stages.size() == 1) {
            p.stage = *stages.begin();
        } else {
            const std::vector<const For*> loops = loops_in(s);
            if (loops.empty())
                e.refuse("what happens at {} is no loop, stage or call of a kernel: move it into a kernel of "
                         "its own",
                         s.loc().str());
            p.stage = Symbol(fmt::format("{}_{}", e.step().func.name(), loops[0]->var.name()));
            p.part_of = e.step().func;
        }
        pieces.push_back(std::move(p));
    }

    std::vector<std::string> make_processes() {
        Shells all;
        std::vector<std::string> names;
        size_t place = list.function + 1;
        for (const Standing& p : pieces) {
            const size_t functions = e.state().module.functions.size();
            const auto [process, name] = as_process(e, p, place);
            place += e.state().module.functions.size() - functions;
            names.push_back(name);
            all.add(process);
        }
        std::vector<Stmt> stmts = before;
        stmts.push_back(Dataflow::make(all.whole(), e.step().loc));
        e.module().functions[list.function].body = rebuild(list.path, Block::make(std::move(stmts)));
        return names;
    }
};

void run(Edit& e) {
    Networking(e).run();
}

} // namespace

constinit const Primitive primitives::dataflow{
    .name = "dataflow",
    .text = "all stages side by side run at the same time, joined by streams and blocks",
    .run = run,
    .acts_on = ActsOn::stages,
    .named = Named::kept,
    .of_place = true,
    .makes_functions = true,
};

} // namespace lathe::schedule
