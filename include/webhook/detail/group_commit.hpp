// SPDX-License-Identifier: MIT
// GroupCommit: lets threads share what costs each of them a wait for the disk: one leads and does the work of all who
// wait, the others follow. It has no thread of its own, and does not know what the work is. Who leads waits a little
// for those who were there before, an eighth of the last turn at most: threads that ask again and again would else take
// turns, one of them and then all others, and each would wait for two.
#ifndef WEBHOOK_DETAIL_GROUP_COMMIT_HPP
#define WEBHOOK_DETAIL_GROUP_COMMIT_HPP

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
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
  // Where one thread waits; never freed while the others may be told. Whoever waits needs no mutex to go on, or the
  // threads of one turn would queue for it; and a seat, unlike a task, is still there when its thread has gone on.
  struct Seat {
    std::atomic<std::uint32_t> told{0};
  };

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
    Seat* seat_ = nullptr;  // none: it leads from the start
  };

  GroupCommit() { turn_.reserve(most); }

  /// Returns once the task was performed, by this thread or another; throws what became of it. `execute` is handed the
  /// tasks of one turn; it reports through Task::error and throws nothing.
  template <class Execute>
  void run(Task& task, const Execute& execute) {
    std::unique_lock lock(mutex_);
    if (busy_) {
      task.seat_ = take_seat();
      const std::uint32_t before = task.seat_->told.load(std::memory_order_relaxed);
      wait_in_line(task);
      if (gathering_ && is_gathered()) gathered_.notify_one();
      lock.unlock();
      task.seat_->told.wait(before, std::memory_order_acquire);
      if (task.stage_ == Task::Stage::leading) lock.lock();
    } else {
      wait_in_line(task);
      busy_ = true;
      task.stage_ = Task::Stage::leading;
    }
    if (task.stage_ == Task::Stage::leading) lead(lock, task, execute);
    if (task.error != nullptr) std::rethrow_exception(task.error);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t most = 256;  // tasks of one turn
  static constexpr int patience = 8;        // the part of a turn that the next one waits for company
  static constexpr auto longest = std::chrono::milliseconds{2};  // whatever a turn took that went wrong

  /// Whether to wait on makes no turn larger.
  bool is_gathered() const {
    return waiting_.size() >= expected_ ||
           std::any_of(waiting_.begin(), waiting_.end(), [](const Task* task) { return task->is_alone(); });
  }

  /// Waits until as many have come as there were lately.
  void gather(std::unique_lock<std::mutex>& lock) {
    if (is_gathered()) return;
    gathering_ = true;
    gathered_.wait_until(lock, until_, [this] { return is_gathered(); });
    gathering_ = false;
  }

  Seat* take_seat() {
    if (free_.empty()) {
      free_.reserve(seats_.size() + 1);
      return &seats_.emplace_back();
    }
    Seat* const seat = free_.back();
    free_.pop_back();
    return seat;
  }
  void wait_in_line(Task& task) {
    try {
      waiting_.push_back(&task);
    } catch (...) {
      give_back(task);
      throw;
    }
  }
  void give_back(Task& task) noexcept {
    if (task.seat_ != nullptr) free_.push_back(task.seat_);  // there is room for all
  }

  void expect(Clock::time_point start, Clock::time_point end) {
    if (turn_.front()->is_alone()) {
      expected_ = 1;
      return;
    }
    const auto sharing =
        std::count_if(waiting_.begin(), waiting_.end(), [](const Task* task) { return !task->is_alone(); });
    expected_ = (std::min)(turn_.size() + static_cast<std::size_t>(sharing), most);
    until_ = end + (std::min)((end - start) / patience, Clock::duration(longest));
  }

  template <class Execute>
  void lead(std::unique_lock<std::mutex>& lock, Task& own, const Execute& execute) {
    gather(lock);
    turn_.clear();  // the leader's own task is the first: the lead is handed on in the order of coming
    do {
      turn_.push_back(waiting_.front());
      waiting_.pop_front();
    } while (!turn_.front()->is_alone() && !waiting_.empty() && !waiting_.front()->is_alone() && turn_.size() < most);
    lock.unlock();
    const Clock::time_point start = Clock::now();
    execute(std::span<Task* const>(turn_));
    const Clock::time_point end = Clock::now();
    lock.lock();
    expect(start, end);
    std::array<Seat*, most + 1> told;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    std::size_t count = 0;
    const auto tell = [&](Task& task, Task::Stage stage) {
      Seat* const seat = task.seat_;
      task.stage_ = stage;
      if (stage == Task::Stage::done) give_back(task);
      if (&task == &own) return;
      seat->told.fetch_add(1, std::memory_order_release);  // from here on the task may be gone
      told[count++] = seat;
    };
    if (waiting_.empty()) {
      busy_ = false;
    } else {
      tell(*waiting_.front(), Task::Stage::leading);
    }
    for (Task* const task : turn_) tell(*task, Task::Stage::done);
    lock.unlock();
    // Who has taken a seat meanwhile looks, and waits on.
    for (std::size_t i = 0; i < count; ++i) told[i]->told.notify_one();
  }

  std::mutex mutex_{};
  std::deque<Task*> waiting_{};
  std::vector<Task*> turn_{};  // the leader's
  std::deque<Seat> seats_{};
  std::vector<Seat*> free_{};
  bool busy_ = false;
  bool gathering_ = false;  // who leads the next turn waits for others
  std::condition_variable gathered_{};
  std::size_t expected_ = 1;  // tasks that can share: those of the last turn, and those that came meanwhile
  Clock::time_point until_{};
};

}  // namespace detail
}  // namespace v0
}  // namespace webhook

#endif
