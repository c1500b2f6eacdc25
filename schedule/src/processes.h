#pragma once
/// \file Stages as processes of a dataflow.

#include "edit.h"

namespace lathe::schedule {

using namespace ir;

/// Where a stage stands: statements side by side, which are the stage itself, its call, or the dataflow that
/// calls it.
struct Standing {
    Symbol stage;
    size_t function = 0; ///< of the Module
    Path block;          ///< from the Function's body to the statement whose children they are
    std::vector<Stmt> items;
    const CallStmt* call = nullptr; ///< of the Function that it is; null: it is none yet
    bool process = false;           ///< the call is one of a dataflow, the only item
    Symbol part_of = {};            ///< the kernel of which it is one of several parts
};

/// \throws Error (by e.refuse) when it is computed inside another stage, called several times, or spawned.
Standing standing(const Edit& e, const Symbol& stage);

/// The processes of the dataflow where one stands, those that are spawned left out.
std::vector<Standing> processes_in(const Standing& one, const Dataflow& d);

/// Refuses a Function that others call, too: what it passes would be theirs.
void check_called_once(const Edit& e, const Standing& s);

/// The tensors around it that it writes, and reads.
std::set<Symbol> written_by(const Standing& s);
std::set<Symbol> read_by(const Standing& s);
/// Those from which the call reads numbers that it passes.
std::set<Symbol> read_as_numbers(const CallStmt& c);

/// The Function's program without these.
Stmt without(const Edit& e, const std::vector<const Standing*>& all);

/// A call in the statement is given the tensor.
bool passes_on(const Stmt& s, const Symbol& tensor);

/// What it does, with all its calls as what they call.
Stmt opened(const Edit& e, const Standing& s);

/// Streams and tensors around the processes of dataflows, and the processes.
class Shells {
  public:
    void add(Stmt body);
    Stmt whole() const;

  private:
    std::vector<Stmt> around;
    Stmt core;
};

/// The processes that a stage is, and the name of its Function, which is put at that place in the Module if
/// there is none yet.
std::pair<Stmt, std::string> as_process(Edit& e, const Standing& s, size_t place);

/// Refuses a piece that passes tokens by a stream of another process.
void check_piece(const Edit& e, const Stmt& piece, const std::string& name);
/// The name of the Function that is made of a stage.
std::string function_name(const Edit& e, const Symbol& stage);

bool in_one_dataflow(const Standing& a, const Standing& b);

/// Refuses unless both stand in one list of statements, `a` first, or in one dataflow.
void check_same_block(const Edit& e, const Standing& a, const Standing& b);

/// Makes both processes of one dataflow, which takes their place among the statements around, and gives back
/// their Functions' names. Refuses where a stage between them would be passed that touches what they touch.
/// \pre check_same_block
std::pair<std::string, std::string> run_together(Edit& e, const Standing& first, const Standing& second);

/// A new stream between the two: `writer` pushes what it stores into the tensor of its caller, and `reader`
/// pops it. Where nothing else reads the tensor, it is gone.
struct NewStream {
    Symbol tensor, stream;
    Type type;
    int64_t depth = 0;
    bool keep = false;          ///< the tensor has other readers
    std::vector<Dim> dims = {}; ///< the tensor's: constants, for a block
};
void pass_by_stream(Edit& e, const std::string& writer, const std::string& reader, const NewStream& s);

/// All of the tensor passes at once, as a block. \pre both are given all of it, whose shape is constant, and
/// nobody else is
void pass_by_block(Edit& e, const std::string& writer, const std::string& reader, const NewStream& s);

/// Whether the two processes are joined by others, too, or by several streams.
bool joined_otherwise(const Edit& e, const std::string& a, const std::string& b);

/// The streams by which the one passes tokens to the other.
std::set<Symbol> channels_between(const Edit& e, const CallStmt& writer, const CallStmt& reader);

/// Refuses a step after which nobody knows how many tokens the process that it was about passes.
void check_tokens(const Edit& e);

/// Refuses unless every process of the dataflow with this process has what it needs, and nothing that needs
/// an order has none.
void check_dataflow(const Edit& e, const std::string& process);

} // namespace lathe::schedule
