# A wire between two networks: each packet takes its time, and each of so many is lost.
# Arguments: the names of its ends, the delay in seconds, the number of packets of which
# one is lost (0: none), and addresses that nothing reaches. SIGUSR1 cuts it, SIGUSR2
# mends it.
use strict;
use warnings;
use Fcntl;
use Time::HiRes qw(time);

my ($here, $there, $delay, $lossy, @holes) = @ARGV;

# TUNSETIFF, with IFF_TUN and IFF_NO_PI.
sub end_of {
    sysopen(my $end, '/dev/net/tun', O_RDWR) or die "/dev/net/tun: $!\n";
    ioctl($end, 0x400454ca, pack('a16 S x22', $_[0], 0x1001)) or die "$_[0]: $!\n";
    return $end;
}

my @ends = (end_of($here), end_of($there));
my %is_hole = map { $_ => 1 } @holes;
my ($cut, $count, @queue) = (0, 0);
$SIG{USR1} = sub { $cut = 1 };
$SIG{USR2} = sub { $cut = 0 };
$| = 1;
print "up\n";
my $parent = getppid;
while (getppid == $parent) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for @ends;
    my $left = @queue ? $queue[0][0] - time : 1;
    my $found = select(my $ready = $bits, undef, undef, $left > 0 ? $left : 0);
    for my $from ($found > 0 ? (0, 1) : ()) {
        next unless vec($ready, fileno $ends[$from], 1);
        sysread($ends[$from], my $packet, 65536) or exit;
        next if $cut || $is_hole{join '.', unpack('x16 C4', $packet)};
        next if $lossy && ++$count % $lossy == 0;
        push @queue, [time + $delay, $ends[1 - $from], $packet];
    }
    while (@queue && $queue[0][0] <= time) {
        my (undef, $to, $packet) = @{shift @queue};
        syswrite($to, $packet);
    }
}
