#include "lathe/ir/error.h"
#include "lathe/ir/files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lathe::ir {

namespace fs = std::filesystem;

namespace {

/// One entry's way from the staged folder to its place.
struct Move {
    fs::path from, to;
    bool replaces; ///< a file that is there
};

/// Whole folders move where there is none yet. \throws Error where a folder and a file would meet.
void plan(const fs::path& from, const fs::path& to, std::vector<Move>& moves) {
    std::vector<fs::path> names;
    for (const auto& entry : fs::directory_iterator(from))
        names.push_back(entry.path().filename());
    std::ranges::sort(names); // whatever order the disk has
    for (const fs::path& name : names) {
        const fs::path source = from / name, target = to / name;
        const auto there = fs::status(target);
        const bool folder = fs::is_directory(source);
        if (!fs::exists(there) && !fs::is_symlink(fs::symlink_status(target)))
            moves.push_back({source, target, false});
        else if (folder && fs::is_directory(there))
            plan(source, target, moves);
        else if (folder)
            fail({}, "cannot make the folder \"{}\": something else is in its place", target.string());
        else if (fs::exists(there) && !fs::is_regular_file(there))
            fail({}, "cannot write \"{}\": something that is no file is in its place", target.string());
        else
            moves.push_back({source, target, true});
    }
}

/// Puts the entries of `from` into `to`, keeping what they replace in `backup` until all are there: a file
/// that is no longer in `from` is in its place. \throws Error; `to` is as it was then.
void put_in_place(const fs::path& from, const fs::path& to, const fs::path& backup) {
    std::vector<Move> moves;
    try {
        plan(from, to, moves);
    } catch (const fs::filesystem_error& e) {
        fail({}, "cannot write into \"{}\": {}", to.string(), e.code().message());
    }
    const auto kept = [&](size_t n) { return backup / std::to_string(n); };
    std::error_code failed;
    size_t done = 0;
    for (; done < moves.size() && !failed; ++done) {
        const Move& m = moves[done];
        if (m.replaces && moves.size() > 1) {
            fs::remove(kept(done), failed);
            if (!failed) fs::create_hard_link(m.to, kept(done), failed);
            if (failed) {
                failed.clear(); // disks without hard links, files of others
                fs::copy_file(m.to, kept(done), fs::copy_options::overwrite_existing, failed);
            }
        }
        if (!failed) fs::rename(m.from, m.to, failed);
        if (failed) break;
    }
    if (!failed) return;
    const std::string why = fmt::format("cannot write \"{}\": {}", moves[done].to.string(), failed.message());
    for (size_t n = done; n-- > 0;) {
        const Move& m = moves[n];
        std::error_code lost;
        m.replaces ? fs::rename(kept(n), m.to, lost) : fs::rename(m.to, m.from, lost);
        if (lost) fail({}, "{}; and \"{}\" cannot be put back: {}", why, m.to.string(), lost.message());
    }
    throw Error({}, why);
}

void clear_away(const fs::path& folder) {
    for (int tries = 0; tries < 3; ++tries) {
        std::error_code failed;
        fs::remove_all(folder, failed);
        if (!failed) return;
    }
}

constexpr char go = 'c', done = 'd';

/// The reading end until the other side closes it.
std::string all_from(int socket) {
    std::string text;
    char part[256];
    for (;;) {
        const ssize_t n = ::read(socket, part, sizeof part);
        if (n > 0) text.append(part, static_cast<size_t>(n));
        if (n == 0 || (n < 0 && errno != EINTR)) return text;
    }
}

void send_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        text.remove_prefix(static_cast<size_t>(n));
    }
}

} // namespace

struct StagedFolder::State {
    fs::path root;   ///< the folder beside the target
    fs::path base;   ///< what exists of the target's path
    fs::path staged; ///< where to write
    fs::path target;
    bool placed = false;
    pid_t guard = -1;
    int socket = -1;

    fs::path content() const { return root / "new"; }
    fs::path backup() const { return root / "old"; }

    /// What the guard does; it ends the process.
    [[noreturn]] void watch(int with) const {
        ::setsid(); // an interrupt from the keyboard is not for it
        char order = 0;
        ssize_t n = 0;
        while ((n = ::read(with, &order, 1)) < 0 && errno == EINTR) {
        }
        std::string answer(1, done);
        if (n == 1 && order == go) {
            try {
                put_in_place(content(), base, backup());
            } catch (const std::exception& e) {
                answer += e.what();
            }
        }
        clear_away(root);
        send_all(with, answer);
        ::_exit(0);
    }

    void start_guard() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
        guard = ::fork();
        if (guard == 0) {
            ::close(ends[0]);
            watch(ends[1]);
        }
        ::close(ends[1]);
        socket = ends[0];
        if (guard < 0) ::close(std::exchange(socket, -1));
    }

    /// What the guard answers; empty if there is none any more.
    std::string ask(bool commit) {
        if (guard < 0) return "";
        if (commit) send_all(socket, std::string(1, go));
        ::shutdown(socket, SHUT_WR);
        std::string answer = all_from(socket);
        ::close(socket);
        while (::waitpid(guard, nullptr, 0) < 0 && errno == EINTR) {
        }
        guard = -1;
        return answer;
    }
};

StagedFolder::StagedFolder(const fs::path& target, Guard guard) : state(std::make_unique<State>()) {
    static std::atomic<unsigned> count{0};
    std::error_code failed;
    state->target = target;
    state->base = target.empty() ? fs::path(".") : target.lexically_normal();
    fs::path rest;
    const auto missing = [&] { return !fs::exists(fs::symlink_status(state->base, failed)); };
    while (missing() && !state->base.empty()) {
        const fs::path name = state->base.filename();
        rest = rest.empty() ? name : name / rest;
        state->base = state->base.parent_path();
    }
    if (state->base.empty()) state->base = ".";
    if (fs::is_directory(state->base, failed)) {
        state->root = state->base / fmt::format(".lathe.{}.{}", getpid(), count++);
        state->staged = rest.empty() ? state->content() : state->content() / rest;
        if (guard == Guard::process) state->start_guard();
        fs::create_directory(state->root, failed);
        if (!failed) fs::create_directory(state->backup(), failed);
        if (!failed) fs::create_directories(state->staged, failed);
        if (failed) {
            state->ask(false);
            clear_away(state->root);
        }
    } else {
        failed = std::make_error_code(std::errc::not_a_directory);
    }
    if (failed)
        fail({}, "cannot {} the folder \"{}\": {}", rest.empty() ? "write into" : "make", target.string(),
             failed.message());
}

StagedFolder::~StagedFolder() {
    if (state->placed) return;
    state->ask(false);
    clear_away(state->root);
}

const fs::path& StagedFolder::path() const {
    return state->staged;
}

void StagedFolder::commit() {
    const bool guarded = state->guard >= 0;
    const std::string answer = state->ask(true);
    if (answer.empty()) {
        // There is no guard, or it was killed: what it has put in place is no longer among the rest.
        std::error_code gone;
        if (!guarded || fs::exists(state->content(), gone))
            put_in_place(state->content(), state->base, state->backup());
        clear_away(state->root);
    } else if (answer.size() > 1) {
        throw Error({}, answer.substr(1));
    }
    state->placed = true;
}

void StagedFolder::write(const fs::path& target, Guard guard,
                         const std::function<void(const fs::path&)>& writer) {
    StagedFolder staged(target, guard);
    try {
        writer(staged.path());
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        throw Error(e.loc(), staged.about_target(e.message()));
    }
    staged.commit();
}

std::string StagedFolder::about_target(std::string text) const {
    const std::string ours = state->staged.string(), theirs = state->target.string();
    for (size_t at = 0; (at = text.find(ours, at)) != std::string::npos; at += theirs.size())
        text.replace(at, ours.size(), theirs);
    return text;
}

} // namespace lathe::ir
