// SPDX-License-Identifier: MIT
// GroupCommit: lets threads share what costs each of them a wait for the disk: one leads and does the work of all who
// wait, the others follow. It has no thread of its own, and does not know what the work is.
#ifndef WEBHOOK_DETAIL_GROUP_COMMIT_HPP
#define WEBHOOK_DETAIL_GROUP_COMMIT_HPP

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <span>
#include <vector>

namespace webhook {
inline namespace v0 {
namespace detail {

/// One at a time is at work, first come, first served. Thread-safe.
class GroupCommit {
 public:
  class Task {
   public:
    explicit Task(bool alone) noexcept : alone_(alone) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    virtual void perform() = 0;
    bool is_alone() const noexcept { return alone_; }  // shares its turn with no other
    std::exception_ptr error{};                        // thrown to whoever asked

   protected:
    ~Task() = default;

   private:
    friend class GroupCommit;
    enum class Stage : unsigned char { waiting, leading, done };
    bool alone_;
    Stage stage_ = Stage::waiting;
    std::condition_variable changed_{};
  };

  /// Returns once the task was performed, by this thread or another; throws what became of it. `execute` is handed the
  /// tasks of one turn; it reports through Task::error and throws nothing.
  template <class Execute>
  void run(Task& task, const Execute& execute) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(&task);
    if (busy_) {
      task.changed_.wait(lock, [&] { return task.stage_ != Task::Stage::waiting; });
    } else {
      busy_ = true;
      task.stage_ = Task::Stage::leading;
    }
    if (task.stage_ == Task::Stage::leading) lead(lock, task, execute);
    if (task.error != nullptr) std::rethrow_exception(task.error);
  }

 private:
  static constexpr std::size_t most = 256;  // tasks of one turn

  template <class Execute>
  void lead(std::unique_lock<std::mutex>& lock, Task& own, const Execute& execute) {
    turn_.clear();  // the leader's own task is the first: the lead is handed on in the order of coming
    do {
      turn_.push_back(waiting_.front());
      waiting_.pop_front();
    } while (!turn_.front()->is_alone() && !waiting_.empty() && !waiting_.front()->is_alone() && turn_.size() < most);
    lock.unlock();
    execute(std::span<Task* const>(turn_));
    lock.lock();
    for (Task* const task : turn_) {
      task->stage_ = Task::Stage::done;
      // Told while the mutex is held: afterwards the task may be gone.
      if (task != &own) task->changed_.notify_one();
    }
    if (waiting_.empty()) {
      busy_ = false;
    } else {
      waiting_.front()->stage_ = Task::Stage::leading;
      waiting_.front()->changed_.notify_one();
    }
  }

  std::mutex mutex_{};
  std::deque<Task*> waiting_{};
  std::vector<Task*> turn_{};  // the leader's
  bool busy_ = false;
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
