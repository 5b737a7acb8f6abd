//! Memory for a command that ends in a blink: taken from the front of what is
//! there, and never given back.
//!
//! `status` of many instances makes a hundred thousand small allocations, and
//! ends before it would need any of them again. The general allocator spends a
//! third of such a command on finding places that are free. So a command that
//! is about to end says [`keep_all`], and from then on small allocations follow
//! each other, and are forgotten with the process. One that may turn out to be
//! small says [`keep_first`], for which nothing has to be mapped: a quarter of
//! what a `status` of one instance does is to find and free such places. Everything
//! that lives longer says neither, and is served by the C library as ever.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};

/// The head, in bytes: more than a command takes that reads a small inventory.
/// What is not touched costs nothing.
const HEAD: usize = 160 << 10;

/// Address space, in bytes. What is not touched costs nothing.
const RANGE: usize = 256 << 20;

/// What a thread takes of it at once, in bytes: a huge page, where the kernel
/// has some.
const CHUNK: usize = 2 << 20;

/// Larger ones are left to the C library, which can grow them in place.
const LARGE: usize = 32 << 10;

/// The head. On pages of its own: whoever never asks for it touches none of them.
#[repr(C, align(4096))]
struct Head(UnsafeCell<[u8; HEAD]>);

// SAFETY: nothing but `place` refers to what is in it, and each stretch is given
// out by the one thread that has taken it.
unsafe impl Sync for Head {}

static FIRST: Head = Head(UnsafeCell::new([0; HEAD]));

/// Whether the head is taken.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether anybody has asked for a range.
static SAID: AtomicBool = AtomicBool::new(false);

/// The range: 0 and 0 until there is one. What lies in between is ours.
static START: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// Where the part begins that no thread has taken.
static FREE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What this thread has taken and not used: from, and up to.
    static TAKEN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The allocator of the program.
struct Arena;

#[global_allocator]
static ALLOCATOR: Arena = Arena;

/// From now on, the first that this thread allocates is kept until the process
/// ends. To be said by a command that ends soon.
pub fn keep_first() {
    if !IS_TAKEN.swap(true, Ordering::Relaxed) {
        let start = head_start();
        TAKEN.set((start, start + HEAD));
    }
}

fn head_start() -> usize {
    FIRST.0.get().expose_provenance()
}

/// From now on, what this process allocates is kept until it ends. To be said
/// by a command whose memory is bounded by what it reads once.
pub fn keep_all() {
    let Some(size) = std::num::NonZeroUsize::new(RANGE) else {
        return;
    };
    if SAID.swap(true, Ordering::Relaxed) {
        return;
    }
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_NORESERVE;
    // SAFETY: a new private mapping at an address of the kernel's choice.
    let mapped = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, flags) };
    // Where address space is scarce, the C library goes on serving.
    let Ok(start) = mapped else { return };
    // SAFETY: the advice changes no content.
    unsafe { libc::madvise(start.as_ptr(), RANGE, libc::MADV_HUGEPAGE) };
    let start = start.as_ptr() as usize;
    // At a boundary where a huge page can lie.
    FREE.store(start.next_multiple_of(CHUNK), Ordering::Relaxed);
    END.store(start + RANGE, Ordering::Relaxed);
    START.store(start, Ordering::Release);
}

fn is_ours(address: usize) -> bool {
    if address.wrapping_sub(head_start()) < HEAD {
        return true;
    }
    let start = START.load(Ordering::Acquire);
    start != 0 && address >= start && address < END.load(Ordering::Relaxed)
}

/// The next place for so many bytes; `None` when there is no room, or the
/// C library is to serve.
fn place(layout: Layout) -> Option<NonNull<u8>> {
    if layout.size() > LARGE || layout.align() > 4096 {
        return None;
    }
    let fit = |(from, to): (usize, usize)| {
        let at = from.checked_next_multiple_of(layout.align())?;
        let end = at.checked_add(layout.size())?;
        (at != 0 && end <= to).then_some((at, end, to))
    };
    let (at, end, to) = fit(TAKEN.get()).or_else(|| fit(take()?))?;
    TAKEN.set((end, to));
    NonNull::new(std::ptr::with_exposed_provenance_mut(at))
}

/// Takes another chunk for this thread, where there is a range.
fn take() -> Option<(usize, usize)> {
    if START.load(Ordering::Acquire) == 0 {
        return None;
    }
    let from = FREE.fetch_add(CHUNK, Ordering::Relaxed);
    let to = from.checked_add(CHUNK)?;
    (to <= END.load(Ordering::Relaxed)).then_some((from, to))
}

// SAFETY: `place` gives stretches of the head or of a live mapping that do not
// overlap: each thread cuts its own off the front of a chunk that it alone has
// taken. What is in neither came from `System` and goes back to it.
//
// None is inlined: it would be at thousands of places, for a few commands.
unsafe impl GlobalAlloc for Arena {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match place(layout) {
            Some(place) => place.as_ptr(),
            // SAFETY: the caller's promise is the same.
            None => unsafe { System.alloc(layout) },
        }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match place(layout) {
            Some(place) => {
                // SAFETY: it is as long as the layout says. The place may have
                // been used before, so it need not be zero.
                unsafe { place.write_bytes(0, layout.size()) };
                place.as_ptr()
            }
            // SAFETY: the caller's promise is the same.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let at = pointer.expose_provenance();
        if !is_ours(at) {
            // SAFETY: what is not ours is the C library's.
            unsafe { System.dealloc(pointer, layout) };
            return;
        }
        // The last one of this thread is taken back, so that a text that is
        // made and dropped costs nothing.
        let (from, to) = TAKEN.get();
        if at + layout.size() == from {
            TAKEN.set((at, to));
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let at = pointer.expose_provenance();
        if !is_ours(at) {
            // SAFETY: what is not ours is the C library's.
            return unsafe { System.realloc(pointer, layout, size) };
        }
        let (from, to) = TAKEN.get();
        if at + layout.size() == from && at.checked_add(size).is_some_and(|end| end <= to) {
            TAKEN.set((at + size, to));
            return pointer;
        }
        if size <= layout.size() {
            return pointer;
        }
        // SAFETY: the caller promises that the size is valid for this alignment.
        let larger = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: not of size zero, as the caller promises.
        let new = unsafe { self.alloc(larger) };
        if !new.is_null() {
            // SAFETY: both are at least as long as the old one, and apart.
            unsafe { std::ptr::copy_nonoverlapping(pointer, new, layout.size()) };
        }
        new
    }
}
