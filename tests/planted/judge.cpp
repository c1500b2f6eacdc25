#include "judge.h"

#include "lathe/ir/planted.h"

using namespace lathe;
using namespace lathe::ir;

AcceptAll::AcceptAll() {
    planted.accept_all = true;
}
AcceptAll::~AcceptAll() {
    planted.accept_all = false;
}

Decision decide(const Schedule& before, const std::function<void(Schedule&)>& call,
                const Difference& difference) {
    Decision d{Verdict::other, {}, before};
    try {
        call(d.after);
        verify(d.after.module());
        d.text = difference(d.after.module(), false);
        d.verdict = d.text.empty() ? Verdict::right : Verdict::wrong;
        return d;
    } catch (const InternalError& e) {
        d.verdict = Verdict::wrong;
        d.text = e.message();
        return d;
    } catch (const Error& e) {
        d.text = e.message();
    }
    Schedule forced = before;
    try {
        const AcceptAll all;
        call(forced);
    } catch (const Error&) {
        return d;
    }
    d.verdict = difference(forced.module(), true).empty() ? Verdict::needless : Verdict::illegal;
    return d;
}
